//! Connections: at most so many, none that says nothing, takes nothing, stops in the middle or floods, and none that
//! loses its last answer.

use crate::config::TimeLimits;
use crate::frames::{Frames, PREFACE_BYTES};
use crate::peer::{Memory, Peer};
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, Sleep};
use tokio_stream::Stream;
use tonic::transport::server::Connected;

/// How long a connection that has said all waits for its peer to go first.
const LINGER: Duration = Duration::from_secs(2);

/// How long accepting rests after the system refused, as it does while file descriptors are short.
const REST: Duration = Duration::from_millis(50);

/// Between two looks at whether a connection goes on.
const LOOK: Duration = Duration::from_secs(1);

/// The connections of a listener, up to a limit. One above it is closed at once, which a client sees as UNAVAILABLE.
#[derive(Debug)]
pub(crate) struct Incoming {
    listener: TcpListener,
    places: Arc<Semaphore>,
    memory: Memory,
    times: TimeLimits,
    rest: Option<Pin<Box<Sleep>>>,
}

impl Incoming {
    pub(crate) fn new(listener: TcpListener, connections: usize, times: TimeLimits, memory: Memory) -> Self {
        Self { listener, places: Arc::new(Semaphore::new(connections)), memory, times, rest: None }
    }
}

impl Stream for Incoming {
    type Item = io::Result<Connection>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            if let Some(rest) = &mut self.rest {
                ready!(rest.as_mut().poll(cx));
                self.rest = None;
            }
            match ready!(self.listener.poll_accept(cx)) {
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    self.rest = Some(Box::pin(tokio::time::sleep(REST)));
                }
                Ok((stream, _peer)) => match Arc::clone(&self.places).try_acquire_owned() {
                    Err(_) => tracing::warn!("a connection above the limit was closed"),
                    Ok(place) => {
                        // Without it small answers wait for the peer's acknowledgement of earlier ones.
                        if let Err(error) = stream.set_nodelay(true) {
                            tracing::debug!(%error, "a connection keeps Nagle's delay");
                        }
                        let peer = Peer::new(&self.memory);
                        return Poll::Ready(Some(Ok(Connection::new(stream, place, peer, self.times))));
                    }
                },
            }
        }
    }
}

/// A connection with its place among the others.
#[derive(Debug)]
pub(crate) struct Connection {
    stream: TcpStream,
    _place: OwnedSemaphorePermit,
    peer: Peer,
    times: TimeLimits,
    frames: Frames,
    /// The next look at all that is waited for.
    look: Pin<Box<Sleep>>,
    /// Since when the system takes no more bytes, as the client takes none.
    blocked: Option<Instant>,
    /// The end of patience and the bytes still to come before it; `None` once they came.
    handshake: Option<(Pin<Box<Sleep>>, usize)>,
    /// The end of waiting for the peer, once all was said.
    linger: Option<Pin<Box<Sleep>>>,
}

impl Connection {
    fn new(stream: TcpStream, place: OwnedSemaphorePermit, peer: Peer, times: TimeLimits) -> Self {
        let handshake = Some((Box::pin(tokio::time::sleep(times.handshake)), PREFACE_BYTES));
        Self {
            stream,
            _place: place,
            peer,
            times,
            frames: Frames::new(),
            look: Box::pin(tokio::time::sleep(LOOK)),
            blocked: None,
            handshake,
            linger: None,
        }
    }

    /// Looks from time to time whether the client takes its answers and goes on with what it began. The transport asks
    /// for the next bytes, or to write some, whenever the clock wakes it.
    fn look(&mut self, cx: &mut Context<'_>) -> io::Result<()> {
        while self.look.as_mut().poll(cx).is_ready() {
            self.look.as_mut().reset(Instant::now() + LOOK);
            let blocked = self.blocked.is_some_and(|since| since.elapsed() >= self.times.answer);
            if blocked || self.peer.is_stuck(self.times.answer) {
                return Err(cut("its client does not take its answers"));
            }
            if self.frames.is_stalled(self.times.message) {
                return Err(cut("its client stopped in the middle of a frame or of headers"));
            }
        }
        Ok(())
    }

    /// Notes whether the system took bytes to write.
    fn wrote<T>(&mut self, written: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        self.blocked = match written {
            Poll::Pending => self.blocked.or_else(|| Some(Instant::now())),
            Poll::Ready(_) => None,
        };
        written
    }

    /// Reads on until the peer is done, too. The system resets a connection that is closed with bytes unread, and with
    /// it goes what the peer has not received yet: the end of a large answer, while its reader still sends window
    /// updates.
    fn poll_peer_gone(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let linger = self.linger.get_or_insert_with(|| Box::pin(tokio::time::sleep(LINGER)));
        let mut bytes = [0; 1024];
        while linger.as_mut().poll(cx).is_pending() {
            let mut unread = ReadBuf::new(&mut bytes);
            match ready!(Pin::new(&mut self.stream).poll_read(cx, &mut unread)) {
                Ok(()) if !unread.filled().is_empty() => {}
                _ => break,
            }
        }
        Poll::Ready(())
    }
}

/// Says why a connection ends; what it carried is not for the log.
fn cut(reason: &'static str) -> io::Error {
    tracing::warn!(reason, "a connection was cut");
    io::Error::new(io::ErrorKind::TimedOut, reason)
}

impl Connected for Connection {
    type ConnectInfo = Peer;

    fn connect_info(&self) -> Peer {
        self.peer.clone()
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.look(cx)?;
        let before = buf.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(cx, buf);
        if !self.frames.follow(&buf.filled()[before..]) {
            return Poll::Ready(Err(cut("its client floods it with frames that carry nothing")));
        }
        if let Some((patience, missing)) = &mut self.handshake {
            *missing = missing.saturating_sub(buf.filled().len() - before);
            if *missing == 0 {
                self.handshake = None;
            } else if patience.as_mut().poll(cx).is_ready() {
                return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
            }
        }
        read
    }
}

impl AsyncWrite for Connection {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.look(cx)?;
        let written = Pin::new(&mut self.stream).poll_write(cx, buf);
        self.wrote(written)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.linger.is_none() {
            ready!(Pin::new(&mut self.stream).poll_shutdown(cx))?;
        }
        self.poll_peer_gone(cx).map(Ok)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.look(cx)?;
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, bufs);
        self.wrote(written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::SocketAddr;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio_stream::StreamExt;

    async fn incoming(connections: usize, handshake: Duration) -> (Incoming, SocketAddr) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let times = TimeLimits { handshake, ..TimeLimits::default() };
        (Incoming::new(listener, connections, times, Memory::new(1 << 20, 1 << 20)), address)
    }

    #[tokio::test]
    async fn a_connection_above_the_limit_is_closed_and_places_return() {
        let (mut incoming, address) = incoming(1, Duration::from_secs(5)).await;
        let _first = TcpStream::connect(address).await.unwrap();
        let held = incoming.next().await.unwrap().unwrap();
        let mut second = TcpStream::connect(address).await.unwrap();
        let accepting = tokio::spawn(async move { incoming.next().await });
        assert!(matches!(second.read(&mut [0; 1]).await, Ok(0) | Err(_)));
        drop(held);
        let _third = TcpStream::connect(address).await.unwrap();
        assert!(accepting.await.unwrap().unwrap().is_ok());
    }

    #[tokio::test]
    async fn a_silent_connection_is_given_up() {
        let (mut incoming, address) = incoming(1, Duration::from_millis(20)).await;
        let mut client = TcpStream::connect(address).await.unwrap();
        let mut connection = incoming.next().await.unwrap().unwrap();
        client.write_all(b"PRI").await.unwrap();
        let mut bytes = [0; 64];
        assert_eq!(connection.read(&mut bytes).await.unwrap(), 3);
        let error = connection.read(&mut bytes).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    }

    #[tokio::test]
    async fn a_slow_reader_gets_the_end_of_an_answer_although_its_own_bytes_are_unread() {
        const ANSWER_BYTES: usize = 4 << 20;
        let (mut incoming, address) = incoming(1, Duration::from_secs(5)).await;
        let mut client = TcpStream::connect(address).await.unwrap();
        let mut connection = incoming.next().await.unwrap().unwrap();
        client.write_all(b"window update").await.unwrap();
        let answering = tokio::spawn(async move {
            connection.write_all(&vec![7; ANSWER_BYTES]).await.unwrap();
            connection.shutdown().await.unwrap();
        });
        let (mut bytes, mut received) = (vec![0; 64 << 10], 0);
        while received < ANSWER_BYTES {
            tokio::time::sleep(Duration::from_millis(1)).await;
            match client.read(&mut bytes).await.unwrap() {
                0 => break,
                count => received += count,
            }
        }
        assert_eq!(received, ANSWER_BYTES);
        drop(client);
        answering.await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn a_peer_that_does_not_go_is_left() {
        let (mut incoming, address) = incoming(1, Duration::from_secs(5)).await;
        let _client = TcpStream::connect(address).await.unwrap();
        let mut connection = incoming.next().await.unwrap().unwrap();
        let begun = Instant::now();
        connection.shutdown().await.unwrap();
        assert_eq!(begun.elapsed().as_secs(), LINGER.as_secs());
    }

    #[tokio::test]
    async fn patience_does_not_matter_after_the_preface() {
        let (mut incoming, address) = incoming(1, Duration::from_millis(20)).await;
        let mut client = TcpStream::connect(address).await.unwrap();
        let mut connection = incoming.next().await.unwrap().unwrap();
        client.write_all(&[b'x'; PREFACE_BYTES]).await.unwrap();
        let mut bytes = [0; PREFACE_BYTES];
        connection.read_exact(&mut bytes).await.unwrap();
        tokio::time::sleep(Duration::from_millis(40)).await;
        client.write_all(b"more").await.unwrap();
        assert_eq!(connection.read(&mut bytes).await.unwrap(), 4);
    }
}
