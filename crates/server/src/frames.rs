//! The frames of HTTP/2 that a client sends, as far as to see that it goes on with what it began, and what it sends that
//! asks for work and carries nothing. The transport reads them; here they are only looked at on their way.

use std::time::Duration;
use tokio::time::Instant;

/// Bytes with which every connection begins (RFC 9113, 3.4), and before the payload of every frame (4.1).
pub(crate) const PREFACE_BYTES: usize = 24;
const HEAD_BYTES: usize = 9;

/// Types of frames (RFC 9113, 6) and their flags.
const DATA: u8 = 0;
const HEADERS: u8 = 1;
const SETTINGS: u8 = 4;
const PUSH_PROMISE: u8 = 5;
const PING: u8 = 6;
const WINDOW_UPDATE: u8 = 8;
const RST_STREAM: u8 = 3;
const CONTINUATION: u8 = 9;
const ACK: u8 = 1;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;

/// Frames without use that a client may send at once, and how many more for each second. Clients that measure the
/// connection send some ten PINGs a second at most.
const IDLE_FRAMES: f64 = 200.0;
const IDLE_FRAMES_PER_SECOND: f64 = 20.0;

/// Follows what a client sends.
#[derive(Debug)]
pub(crate) struct Frames {
    preface: usize,
    head: Vec<u8>,
    payload: usize,
    /// When the frame began that has not ended.
    frame: Option<Instant>,
    /// When the headers began that have not ended.
    headers: Option<Instant>,
    /// Frames without use that may still come, as of some time.
    idle: (f64, Instant),
}

impl Frames {
    pub(crate) fn new() -> Self {
        Self {
            preface: PREFACE_BYTES,
            head: Vec::with_capacity(HEAD_BYTES),
            payload: 0,
            frame: None,
            headers: None,
            idle: (IDLE_FRAMES, Instant::now()),
        }
    }

    /// Looks at the next bytes; `false` when the client floods the connection.
    pub(crate) fn follow(&mut self, bytes: &[u8]) -> bool {
        let now = Instant::now();
        let mut rest = skip(&mut self.preface, bytes);
        while !rest.is_empty() {
            if self.payload > 0 {
                rest = skip(&mut self.payload, rest);
            } else {
                let begun = *self.frame.get_or_insert(now);
                let (head, behind) = rest.split_at(rest.len().min(HEAD_BYTES - self.head.len()));
                self.head.extend_from_slice(head);
                rest = behind;
                if let [a, b, c, kind, flags, ..] = self.head[..]
                    && self.head.len() == HEAD_BYTES
                {
                    self.payload = u32::from_be_bytes([0, a, b, c]) as usize;
                    if !self.allows(kind, flags, begun, now) {
                        return false;
                    }
                }
            }
            if self.payload == 0 && self.head.len() == HEAD_BYTES {
                self.head.clear();
                self.frame = None;
            }
        }
        true
    }

    /// Whether a frame, or headers, are not complete so long after they began.
    pub(crate) fn is_stalled(&self, patience: Duration) -> bool {
        self.frame.iter().chain(&self.headers).any(|begun| begun.elapsed() >= patience)
    }

    fn allows(&mut self, kind: u8, flags: u8, begun: Instant, now: Instant) -> bool {
        if matches!(kind, HEADERS | CONTINUATION) {
            match flags & END_HEADERS {
                0 => self.headers = self.headers.or(Some(begun)),
                _ => self.headers = None,
            }
        }
        let useful = match kind {
            DATA => self.payload > 0 || flags & END_STREAM != 0,
            HEADERS | RST_STREAM | PUSH_PROMISE | WINDOW_UPDATE => true,
            CONTINUATION => self.payload > 0,
            SETTINGS | PING => flags & ACK != 0,
            _ => false,
        };
        if useful {
            return true;
        }
        let (left, since) = self.idle;
        let left =
            (left + now.duration_since(since).as_secs_f64() * IDLE_FRAMES_PER_SECOND).min(IDLE_FRAMES) - 1.0;
        self.idle = (left, now);
        left >= 0.0
    }
}

/// Skips so many bytes, or all there are.
fn skip<'a>(missing: &mut usize, bytes: &'a [u8]) -> &'a [u8] {
    let (skipped, rest) = bytes.split_at(bytes.len().min(*missing));
    *missing -= skipped.len();
    rest
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENCE: Duration = Duration::from_secs(10);

    fn frame(kind: u8, flags: u8, payload: usize) -> Vec<u8> {
        let length = (payload as u32).to_be_bytes();
        let mut bytes = vec![length[1], length[2], length[3], kind, flags, 0, 0, 0, 1];
        bytes.resize(HEAD_BYTES + payload, 7);
        bytes
    }

    fn begun() -> Frames {
        let mut frames = Frames::new();
        assert!(frames.follow(&[b'P'; PREFACE_BYTES]));
        frames
    }

    #[tokio::test(start_paused = true)]
    async fn a_frame_that_is_not_completed_is_stalled_wherever_it_stops() {
        let whole =
            [frame(HEADERS, END_HEADERS, 40), frame(DATA, END_STREAM, 900), frame(PING, 0, 8)].concat();
        let mut ends = 0;
        for cut in 0..=whole.len() {
            let mut frames = begun();
            for piece in whole[..cut].chunks(7) {
                assert!(frames.follow(piece));
            }
            assert!(!frames.is_stalled(PATIENCE));
            tokio::time::advance(PATIENCE).await;
            ends += usize::from(!frames.is_stalled(PATIENCE));
        }
        assert_eq!(ends, 4, "before, between and behind the three frames");
    }

    #[tokio::test(start_paused = true)]
    async fn headers_that_go_on_and_on_are_stalled() {
        let mut frames = begun();
        assert!(frames.follow(&frame(HEADERS, 0, 10)));
        for _ in 0..5 {
            tokio::time::advance(Duration::from_secs(2)).await;
            assert!(frames.follow(&frame(CONTINUATION, 0, 1)));
        }
        assert!(frames.is_stalled(PATIENCE));
        assert!(frames.follow(&frame(CONTINUATION, END_HEADERS, 1)));
        assert!(!frames.is_stalled(PATIENCE));
    }

    #[tokio::test(start_paused = true)]
    async fn floods_are_noticed_and_answers_to_our_own_are_none() {
        for (kind, payload) in [(PING, 8), (SETTINGS, 0), (2, 5), (DATA, 0), (CONTINUATION, 0), (77, 3)] {
            let mut frames = begun();
            let flood = frame(kind, 0, payload).repeat(IDLE_FRAMES as usize);
            assert!(frames.follow(&flood));
            assert!(!frames.follow(&frame(kind, 0, payload)), "type {kind}");
        }
        let mut frames = begun();
        for _ in 0..1000 {
            assert!(frames.follow(&frame(PING, ACK, 8)));
            assert!(frames.follow(&frame(SETTINGS, ACK, 0)));
            assert!(frames.follow(&frame(WINDOW_UPDATE, 0, 4)));
            assert!(frames.follow(&frame(PING, 0, 8)), "ten a second are no flood");
            tokio::time::advance(Duration::from_millis(100)).await;
        }
    }
}
