//! A request on its way in: each message takes memory before its bytes are read, and must arrive in time.

use crate::call::Call;
use crate::memory::{Held, SMALL_BYTES};
use crate::parts::Parts;
use crate::status;
use bytes::Bytes;
use http_body::{Body, Frame};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::time::Sleep;
use tonic::Status;

/// Bytes before every message (gRPC over HTTP/2, "Length-Prefixed-Message"): whether it is compressed, and its length.
const PREFIX_BYTES: usize = 5;
/// Copies of a message while it is read: its bytes as they arrived, and what was made of them.
const COPIES: usize = 2;

/// What a request may take.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Allowance {
    /// Of a message.
    pub(crate) limit_bytes: usize,
    /// For a message, from when the next byte of it is waited for to its last.
    pub(crate) patience: Duration,
    /// For memory.
    pub(crate) memory_patience: Duration,
    /// What the client may do between messages.
    pub(crate) between: Between,
}

/// What a client may do between messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Between {
    /// There is one message and nothing behind it, all in one time.
    Nothing,
    /// The next one must come in a time of its own.
    NextInTime,
    /// It may pause as long as it likes.
    Pause,
}

/// The body of a request.
pub(crate) struct Inbound<B> {
    inner: B,
    call: Call,
    allowance: Allowance,
    message: Message,
    /// What the message becomes, where its method is of our protocol.
    parts: Option<Parts>,
    /// Why nothing is read on. What came before it is still taken.
    refusal: Option<Status>,
    /// Bytes that are read on once their memory is there.
    waiting: Option<(Bytes, Taking)>,
    /// The end of waiting for bytes.
    patience: Option<Pin<Box<Sleep>>>,
}

struct Taking {
    memory: Pin<Box<dyn Future<Output = Held> + Send>>,
    patience: Pin<Box<Sleep>>,
}

/// Where in a message the stream is.
#[derive(Debug, Default)]
struct Message {
    prefix: Vec<u8>,
    missing: usize,
    /// Memory of the message that is on its way.
    held: Held,
}

impl Message {
    fn has_begun(&self) -> bool {
        !self.prefix.is_empty()
    }
}

impl<B> Inbound<B> {
    pub(crate) fn new(inner: B, call: Call, allowance: Allowance, parts: Option<Parts>) -> Self {
        Self {
            inner,
            call,
            allowance,
            message: Message::default(),
            parts,
            refusal: None,
            waiting: None,
            patience: None,
        }
    }

    /// Follows the messages in these bytes; how much memory the one that begins in them wants, if any.
    fn follow(&mut self, bytes: &[u8]) -> Result<Option<usize>, Status> {
        let mut rest = bytes;
        let mut wanted = 0;
        while !rest.is_empty() {
            let message = &mut self.message;
            if message.prefix.len() < PREFIX_BYTES {
                let (prefix, behind) = rest.split_at(rest.len().min(PREFIX_BYTES - message.prefix.len()));
                message.prefix.extend_from_slice(prefix);
                rest = behind;
                if let [_, a, b, c, d] = message.prefix[..] {
                    message.missing = u32::from_be_bytes([a, b, c, d]) as usize;
                    if message.missing > self.allowance.limit_bytes {
                        return Err(status::request_too_large(self.allowance.limit_bytes));
                    }
                    if let Some(parts) = &mut self.parts {
                        parts.begin(message.missing as u64);
                    }
                    if message.missing > SMALL_BYTES {
                        // A frame is smaller than a message that takes memory, so that at most one begins in it.
                        wanted += COPIES * message.missing;
                    }
                }
            }
            let (part, behind) = rest.split_at(rest.len().min(message.missing));
            if !self.parts.as_mut().is_none_or(|parts| parts.follow(part)) {
                return Err(status::too_many_parts());
            }
            message.missing -= part.len();
            rest = behind;
            if message.prefix.len() == PREFIX_BYTES && message.missing == 0 {
                message.prefix.clear();
                if self.allowance.between != Between::Nothing {
                    self.patience = None;
                }
                self.call.receive(std::mem::take(&mut message.held));
            }
        }
        Ok((wanted > 0).then_some(wanted))
    }

    fn poll_patience(&mut self, cx: &mut Context<'_>) -> Poll<Status> {
        if self.allowance.between == Between::Pause && !self.message.has_begun() {
            return Poll::Pending;
        }
        let allowed = self.allowance.patience;
        let patience = self.patience.get_or_insert_with(|| Box::pin(tokio::time::sleep(allowed)));
        ready!(patience.as_mut().poll(cx));
        Poll::Ready(status::upload_stalled(allowed))
    }
}

type Item = Option<Result<Frame<Bytes>, Status>>;

impl<B> Body for Inbound<B>
where
    B: Body<Data = Bytes, Error = Status> + Unpin,
{
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Item> {
        let this = &mut *self;
        if let Some((_, taking)) = &mut this.waiting {
            match taking.memory.as_mut().poll(cx) {
                Poll::Ready(held) => {
                    this.message.held.join(held);
                    // The client could not go on meanwhile.
                    this.patience = None;
                }
                Poll::Pending => {
                    ready!(taking.patience.as_mut().poll(cx));
                    this.waiting = None;
                    return Poll::Ready(Some(Err(status::out_of_memory())));
                }
            }
            let bytes = this.waiting.take().map(|(bytes, _)| bytes).unwrap_or_default();
            return Poll::Ready(Some(Ok(Frame::data(bytes))));
        }
        if let Some(refusal) = this.refusal.take() {
            return Poll::Ready(Some(Err(refusal)));
        }
        match Pin::new(&mut this.inner).poll_frame(cx) {
            Poll::Pending => this.poll_patience(cx).map(|status| Some(Err(status))),
            Poll::Ready(Some(Ok(frame))) => {
                let Ok(bytes) = frame.into_data() else { return Poll::Ready(None) };
                match this.follow(&bytes) {
                    Err(status) => {
                        this.refusal = Some(status);
                        Poll::Ready(Some(Ok(Frame::data(bytes))))
                    }
                    Ok(None) => Poll::Ready(Some(Ok(Frame::data(bytes)))),
                    Ok(Some(wanted)) => {
                        let requests = this.call.peer().requests().clone();
                        let memory = Box::pin(async move { requests.take(wanted).await });
                        let patience = Box::pin(tokio::time::sleep(this.allowance.memory_patience));
                        this.waiting = Some((bytes, Taking { memory, patience }));
                        self.poll_frame(cx)
                    }
                }
            }
            end => end,
        }
    }

    fn is_end_stream(&self) -> bool {
        self.waiting.is_none() && self.refusal.is_none() && self.inner.is_end_stream()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parts::Shapes;
    use crate::peer::{Memory, Peer};
    use precedent_wire::v1;
    use prost::Message as _;
    use std::collections::VecDeque;
    use std::sync::Arc;
    use tokio::sync::Semaphore;
    use tokio::time::Instant;
    use tonic::Code;

    const MIB: usize = 1 << 20;

    /// Frames as they come, each after some time, and then nothing more.
    struct Sent {
        frames: VecDeque<(Duration, Vec<u8>)>,
        next: Pin<Box<Sleep>>,
    }

    impl Sent {
        fn new(frames: Vec<(u64, Vec<u8>)>) -> Self {
            let frames: VecDeque<_> =
                frames.into_iter().map(|(seconds, bytes)| (Duration::from_secs(seconds), bytes)).collect();
            let first = frames.front().map_or(Duration::MAX / 4, |(after, _)| *after);
            Self { frames, next: Box::pin(tokio::time::sleep(first)) }
        }
    }

    impl Body for Sent {
        type Data = Bytes;
        type Error = Status;

        fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Item> {
            ready!(self.next.as_mut().poll(cx));
            let Some((_, bytes)) = self.frames.pop_front() else { return Poll::Pending };
            if let Some((after, _)) = self.frames.front() {
                let at = Instant::now() + *after;
                self.next.as_mut().reset(at);
            }
            Poll::Ready(Some(Ok(Frame::data(bytes.into()))))
        }
    }

    fn call(memory: &Memory) -> Call {
        let place = Arc::new(Semaphore::new(1)).try_acquire_owned().unwrap();
        Call::new(None, place, Peer::new(memory))
    }

    fn reading(frames: Vec<(u64, Vec<u8>)>, between: Between, memory: &Memory) -> Inbound<Sent> {
        let allowance = Allowance {
            limit_bytes: 32 * MIB,
            patience: Duration::from_secs(10),
            memory_patience: Duration::from_secs(20),
            between,
        };
        let shapes = Arc::new(Shapes::of_the_protocol().unwrap());
        let parts = shapes.requests("/precedent.v1.SearchService/BatchSearch");
        Inbound::new(Sent::new(frames), call(memory), allowance, parts)
    }

    async fn next(body: &mut Inbound<Sent>) -> Result<usize, (Code, u64)> {
        let begun = Instant::now();
        match std::future::poll_fn(|cx| Pin::new(&mut *body).poll_frame(cx)).await {
            Some(Ok(frame)) => Ok(frame.into_data().unwrap().len()),
            Some(Err(status)) => Err((status.code(), begun.elapsed().as_secs())),
            None => panic!("the end"),
        }
    }

    fn message(bytes: usize) -> Vec<u8> {
        let mut message = vec![0];
        message.extend((bytes as u32).to_be_bytes());
        message.resize(PREFIX_BYTES + bytes, 0x28);
        message
    }

    #[tokio::test(start_paused = true)]
    async fn a_message_must_come_in_time_and_a_stream_may_pause_between_two() {
        let memory = Memory::new(MIB, MIB);
        let whole = message(100);
        let frames = || vec![(0, whole.clone()), (15, whole.clone()), (0, whole[..50].to_vec())];
        let mut pausing = reading(frames(), Between::Pause, &memory);
        assert_eq!((next(&mut pausing).await, next(&mut pausing).await), (Ok(105), Ok(105)));
        assert_eq!(
            (next(&mut pausing).await, next(&mut pausing).await),
            (Ok(50), Err((Code::DeadlineExceeded, 10)))
        );
        let mut in_time = reading(frames(), Between::NextInTime, &memory);
        assert_eq!(
            (next(&mut in_time).await, next(&mut in_time).await),
            (Ok(105), Err((Code::DeadlineExceeded, 10)))
        );
        // Messages behind the only one give it no more time, be they empty.
        let drip = (0..20).map(|_| (1, message(0))).collect();
        let mut only = reading(drip, Between::Nothing, &memory);
        let begun = Instant::now();
        let refused = loop {
            if let Err((code, _)) = next(&mut only).await {
                break code;
            }
        };
        assert_eq!((refused, begun.elapsed().as_secs()), (Code::DeadlineExceeded, 10));
    }

    #[tokio::test(start_paused = true)]
    async fn a_large_message_waits_for_memory_and_gives_it_back() {
        let memory = Memory::new(8 * MIB, MIB);
        let large = message(2 * MIB);
        let (head, rest) = large.split_at(1000);
        let frames = || vec![(0, head.to_vec()), (0, rest.to_vec())];
        let mut first = reading(frames(), Between::Nothing, &memory);
        assert_eq!(next(&mut first).await, Ok(1000));
        assert_eq!(memory.requests.free_bytes(), 4 * MIB);
        let mut second = reading(frames(), Between::Nothing, &memory);
        assert_eq!(next(&mut second).await, Ok(1000));
        let mut third = reading(frames(), Between::Nothing, &memory);
        assert_eq!(next(&mut third).await, Err((Code::ResourceExhausted, 20)));
        drop(second);
        assert_eq!(next(&mut first).await, Ok(rest.len()));
        assert_eq!(memory.requests.free_bytes(), 4 * MIB, "until the call has done with it");
        first.call.keep_received(MIB);
        assert_eq!(memory.requests.free_bytes(), 7 * MIB);
        drop(first);
        assert_eq!(memory.requests.free_bytes(), 8 * MIB);
    }

    #[tokio::test(start_paused = true)]
    async fn what_came_before_a_message_that_is_refused_is_still_there() {
        let memory = Memory::new(MIB, MIB);
        let mut frame = message(100);
        frame.extend(&message(40 * MIB)[..50]);
        let mut too_large = reading(vec![(0, frame.clone()), (0, vec![1])], Between::Pause, &memory);
        assert_eq!(next(&mut too_large).await, Ok(frame.len()));
        assert_eq!(next(&mut too_large).await, Err((Code::ResourceExhausted, 0)));
        let empty = v1::BatchSearchRequest { requests: vec![v1::SearchRequest::default(); 30_000] };
        let empty = [message(empty.encoded_len())[..PREFIX_BYTES].to_vec(), empty.encode_to_vec()].concat();
        let (first, second) = empty.split_at(16 << 10);
        let frames = vec![(0, first.to_vec()), (0, second.to_vec())];
        let mut many = reading(frames, Between::Nothing, &memory);
        assert_eq!(next(&mut many).await, Ok(first.len()));
        assert_eq!(next(&mut many).await, Err((Code::InvalidArgument, 0)));
    }
}
