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
        Self { inner, call, allowance, message: Message::default(), parts, waiting: None, patience: None }
    }

    /// Follows the messages in these bytes up to the first prefix that asks for memory; the number of bytes followed, and
    /// how much the next message wants.
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
        match Pin::new(&mut this.inner).poll_frame(cx) {
            Poll::Pending => this.poll_patience(cx).map(|status| Some(Err(status))),
            Poll::Ready(Some(Ok(frame))) => {
                let Ok(bytes) = frame.into_data() else { return Poll::Ready(None) };
                match this.follow(&bytes) {
                    Err(status) => Poll::Ready(Some(Err(status))),
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
        self.waiting.is_none() && self.inner.is_end_stream()
    }
}
