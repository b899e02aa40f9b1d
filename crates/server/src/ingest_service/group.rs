//! What has arrived of a stream, taken together: one sync of the log then serves many cases.

use prost::Message;
use std::pin::Pin;
use std::task::Poll;
use tokio_stream::{Stream, StreamExt};
use tonic::Status;

/// Most cases of one group.
const GROUP_CASES: usize = 256;
/// Bytes at which a group is full.
const GROUP_BYTES: usize = 8 << 20;

/// Messages that arrived together, and the end of the stream if it came with them.
#[derive(Debug)]
pub(super) struct Group<M> {
    pub(super) messages: Vec<M>,
    pub(super) end: Option<End>,
}

/// How a stream ended.
#[derive(Debug)]
pub(super) enum End {
    /// The caller has sent all.
    Finished,
    /// The caller is gone or sent what cannot be read.
    Failed(Status),
}

/// Waits for the next message and takes along what is there already, up to the size of a group. Nothing is lost when
/// the future is dropped: it waits only while it holds nothing.
pub(super) async fn next_group<M: Message>(
    inbound: &mut (impl Stream<Item = Result<M, Status>> + Unpin),
) -> Group<M> {
    let mut group = Group { messages: Vec::new(), end: None };
    let mut bytes = 0;
    let mut next = inbound.next().await;
    loop {
        match next {
            None => group.end = Some(End::Finished),
            Some(Err(status)) => group.end = Some(End::Failed(status)),
            Some(Ok(message)) => {
                bytes += message.encoded_len();
                group.messages.push(message);
            }
        }
        if group.end.is_some() || group.messages.len() >= GROUP_CASES || bytes >= GROUP_BYTES {
            return group;
        }
        match arrived(inbound).await {
            Some(message) => next = message,
            None => return group,
        }
    }
}

/// The next item if it is there, without waiting.
async fn arrived<S: Stream + Unpin>(inbound: &mut S) -> Option<Option<S::Item>> {
    let look = std::future::poll_fn(|cx| match Pin::new(&mut *inbound).poll_next(cx) {
        Poll::Ready(item) => Poll::Ready(Some(item)),
        Poll::Pending => Poll::Ready(None),
    });
    // A group is bounded; tokio's own bound on what a task does at a stretch would cut it in half.
    tokio::task::unconstrained(look).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use precedent_wire::v1::{Case, IngestCasesRequest};
    use tokio::sync::mpsc;
    use tokio_stream::wrappers::ReceiverStream;

    type Item = Result<IngestCasesRequest, Status>;

    fn case(case_id: String) -> Item {
        let case = Some(Case { case_id, ..Case::default() });
        Ok(IngestCasesRequest { case, ..IngestCasesRequest::default() })
    }

    #[tokio::test]
    async fn what_has_arrived_goes_together_and_in_order() {
        let (sender, receiver) = mpsc::channel(1000);
        let mut inbound = ReceiverStream::new(receiver);
        for number in 0..300 {
            sender.send(case(number.to_string())).await.unwrap();
        }
        let first = next_group(&mut inbound).await;
        assert_eq!((first.messages.len(), first.end.is_none()), (GROUP_CASES, true));
        let rest = next_group(&mut inbound).await;
        assert_eq!((rest.messages.len(), rest.end.is_none()), (300 - GROUP_CASES, true));
        assert_eq!(rest.messages[0].case.as_ref().unwrap().case_id, GROUP_CASES.to_string());
        drop(sender);
        let last = next_group(&mut inbound).await;
        assert!(last.messages.is_empty() && matches!(last.end, Some(End::Finished)));
    }

    #[tokio::test]
    async fn a_group_is_bounded_in_bytes() {
        let (sender, receiver) = mpsc::channel(10);
        let mut inbound = ReceiverStream::new(receiver);
        for _ in 0..4 {
            sender.send(case("x".repeat(3 << 20))).await.unwrap();
        }
        assert_eq!(next_group(&mut inbound).await.messages.len(), 3);
        assert_eq!(next_group(&mut inbound).await.messages.len(), 1);
    }

    #[tokio::test]
    async fn cases_before_a_failure_are_still_taken() {
        let items = [case("a".into()), Err(Status::out_of_range("large")), case("b".into())];
        let group = next_group(&mut tokio_stream::iter(items)).await;
        assert_eq!(group.messages.len(), 1);
        assert!(matches!(group.end, Some(End::Failed(_))));
    }
}
