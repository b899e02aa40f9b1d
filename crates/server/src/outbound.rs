//! An answer on its way out: it takes memory, its call keeps its place until the client has taken it, and it is noted
//! since when the client does not.

use crate::call::Call;
use crate::memory::{Held, SMALL_BYTES};
use crate::peer::Untaken;
use crate::status;
use bytes::Bytes;
use http_body::{Body, Frame};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tonic::Status;

/// Bytes that are given to the transport at once: it takes what it is given whole, however little the client wants.
const PIECE_BYTES: usize = 16 << 10;

/// The body of an answer.
pub(crate) struct Outbound<B> {
    inner: B,
    call: Call,
    untaken: Untaken,
    /// What is left of the last message.
    rest: Bytes,
    held: Held,
    ended: bool,
}

impl<B> Outbound<B> {
    pub(crate) fn new(inner: B, call: Call) -> Self {
        let untaken = call.peer().answer();
        Self { inner, call, untaken, rest: Bytes::new(), held: Held::default(), ended: false }
    }

    /// The next piece of what is left. The last byte goes alone: the transport asks for it only when there is room for
    /// everything before it.
    fn piece(&mut self) -> Bytes {
        let count = match self.rest.len() {
            left @ 0..=1 => left,
            left if left <= PIECE_BYTES => left - 1,
            _ => PIECE_BYTES,
        };
        self.rest.split_to(count)
    }
}

impl<B> Body for Outbound<B>
where
    B: Body<Data = Bytes, Error = Status> + Unpin,
{
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let this = &mut *self;
        if this.ended {
            return Poll::Ready(None);
        }
        if !this.rest.is_empty() {
            return Poll::Ready(Some(Ok(Frame::data(this.piece()))));
        }
        this.held = Held::default();
        let next = Pin::new(&mut this.inner).poll_frame(cx);
        if next.is_pending() {
            this.untaken.taken();
        }
        let Some(Ok(frame)) = ready!(next) else {
            this.ended = true;
            return Poll::Ready(None);
        };
        this.untaken.offered();
        let bytes = match frame.into_data() {
            Ok(bytes) if bytes.len() > PIECE_BYTES => bytes,
            Ok(bytes) => return Poll::Ready(Some(Ok(Frame::data(bytes)))),
            Err(trailers) => return Poll::Ready(Some(Ok(trailers))),
        };
        if bytes.len() > SMALL_BYTES {
            match this.call.peer().answers().try_take(bytes.len()) {
                Some(held) => this.held = held,
                None => {
                    // The head of the answer is gone, but its status comes behind it.
                    this.ended = true;
                    tracing::warn!("an answer was refused, as there was no memory to send it from");
                    let trailers = status::trailers(&status::out_of_memory());
                    return Poll::Ready(Some(Ok(Frame::trailers(trailers))));
                }
            }
        }
        this.rest = bytes;
        Poll::Ready(Some(Ok(Frame::data(this.piece()))))
    }

    fn is_end_stream(&self) -> bool {
        self.ended || (self.rest.is_empty() && self.inner.is_end_stream())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::peer::{Memory, Peer};
    use std::collections::VecDeque;
    use std::sync::Arc;
    use std::time::Duration;
    use tokio::sync::Semaphore;

    const MIB: usize = 1 << 20;

    /// Messages that are there already, and then none for now.
    struct Ready(VecDeque<usize>);

    impl Body for Ready {
        type Data = Bytes;
        type Error = Status;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
            match self.0.pop_front() {
                Some(bytes) => Poll::Ready(Some(Ok(Frame::data(vec![7; bytes].into())))),
                None => Poll::Pending,
            }
        }
    }

    fn sending(messages: &[usize], memory: &Memory) -> Outbound<Ready> {
        let place = Arc::new(Semaphore::new(1)).try_acquire_owned().unwrap();
        let call = Call::new(None, place, Peer::new(memory));
        Outbound::new(Ready(messages.iter().copied().collect()), call)
    }

    /// The next piece's bytes, or the code behind the answer; `None` while there is nothing.
    async fn next(body: &mut Outbound<Ready>) -> Option<Result<usize, String>> {
        let poll = std::future::poll_fn(|cx| Poll::Ready(Pin::new(&mut *body).poll_frame(cx))).await;
        match poll {
            Poll::Pending => None,
            Poll::Ready(frame) => Some(match frame.unwrap().unwrap().into_data() {
                Ok(bytes) => Ok(bytes.len()),
                Err(frame) => Err(frame.into_trailers().unwrap()["grpc-status"].to_str().unwrap().to_owned()),
            }),
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_large_message_goes_in_pieces_the_last_byte_alone_and_holds_its_memory() {
        let memory = Memory::new(MIB, MIB);
        let mut body = sending(&[100, 5 * PIECE_BYTES], &memory);
        let untaken = body.call.peer().clone();
        assert_eq!(next(&mut body).await, Some(Ok(100)));
        for _ in 0..4 {
            assert_eq!(next(&mut body).await, Some(Ok(PIECE_BYTES)));
        }
        assert_eq!(memory.answers.free_bytes(), MIB - 5 * PIECE_BYTES);
        assert_eq!(next(&mut body).await, Some(Ok(PIECE_BYTES - 1)));
        tokio::time::advance(Duration::from_secs(5)).await;
        assert!(untaken.is_stuck(Duration::from_secs(5)), "the last byte is not taken");
        assert_eq!(next(&mut body).await, Some(Ok(1)));
        assert_eq!(next(&mut body).await, None);
        assert!(!untaken.is_stuck(Duration::from_secs(5)), "all that was there is taken");
        assert_eq!(memory.answers.free_bytes(), MIB);
    }

    #[tokio::test]
    async fn an_answer_without_memory_ends_with_a_status() {
        let memory = Memory::new(MIB, MIB);
        let mut first = sending(&[MIB / 2], &memory);
        assert_eq!(next(&mut first).await, Some(Ok(PIECE_BYTES)));
        let mut second = sending(&[MIB * 5 / 8], &memory);
        assert_eq!(next(&mut second).await, Some(Err((tonic::Code::ResourceExhausted as i32).to_string())));
        assert!(second.is_end_stream());
        let mut small = sending(&[SMALL_BYTES], &memory);
        assert_eq!(next(&mut small).await, Some(Ok(PIECE_BYTES)));
    }
}
