//! Where results and messages go, and numbers and text as a person reads them.

use crate::style::Style;
use indicatif::{ProgressBar, ProgressStyle};
use std::io::{self, Write};
use std::ops::Range;

/// Standard output or standard error, whose reader may leave.
///
/// Whoever reads through `| head` may have seen enough. What is written after that goes nowhere and is no failure, so that
/// every command ends with the exit code of its work, whatever is read of what it prints.
#[derive(Debug)]
pub struct Stream<W> {
    inner: W,
    is_unread: bool,
}

/// Standard output.
pub fn stdout() -> Stream<io::Stdout> {
    Stream::new(io::stdout())
}

/// Standard error.
pub fn stderr() -> Stream<io::Stderr> {
    Stream::new(io::stderr())
}

impl<W> Stream<W> {
    fn new(inner: W) -> Self {
        Self { inner, is_unread: false }
    }

    /// Whether the reader has left. A command whose only work is to print may end.
    pub fn is_unread(&self) -> bool {
        self.is_unread
    }

    /// What was done, or `unread` where it failed because the reader has left.
    fn unless_unread<T>(&mut self, done: io::Result<T>, unread: T) -> io::Result<T> {
        match done {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                self.is_unread = true;
                Ok(unread)
            }
            done => done,
        }
    }
}

impl<W: Write> Write for Stream<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.is_unread {
            return Ok(bytes.len());
        }
        let written = self.inner.write(bytes);
        self.unless_unread(written, bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.is_unread {
            return Ok(());
        }
        let flushed = self.inner.flush();
        self.unless_unread(flushed, ())
    }
}

/// 3196 as `3,196`.
pub fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `1 case`, `3,196 cases`.
pub fn counted(number: u64, one: &str, many: &str) -> String {
    format!("{} {}", count(number), if number == 1 { one } else { many })
}

/// 1536 as `1.5 kB`.
pub fn bytes(number: u64) -> String {
    let units = ["B", "kB", "MB", "GB", "TB"];
    let (mut value, mut unit) = (number as f64, 0);
    while value >= 1000.0 && unit + 1 < units.len() {
        value /= 1000.0;
        unit += 1;
    }
    if unit == 0 { format!("{number} B") } else { format!("{value:.1} {}", units[unit]) }
}

/// A bar on standard error, or nothing where that is no terminal. A total of 0 is one that is not known yet: the bar is empty.
pub fn bar(total: u64, what: &'static str) -> ProgressBar {
    let bar = ProgressBar::no_length();
    let template = "{prefix:>10} [{bar:30}] {human_pos}/{human_len} {msg} {eta}";
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style.progress_chars("=> "));
    }
    bar.set_prefix(what);
    advance(&bar, 0, total);
    bar
}

/// Moves a bar to `done` of `total`. Of nothing it stays empty, as indicatif would draw 0/0 as done.
pub fn advance(bar: &ProgressBar, done: u64, total: u64) {
    match total {
        0 => bar.unset_length(),
        total => bar.set_length(total),
    }
    bar.set_position(done);
}

/// Text whose control and direction characters are shown, not obeyed: a report must not steer the terminal.
pub fn printable(text: &str) -> String {
    let steers = |c: char| {
        c.is_control()
            || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        if steers(c) {
            shown.extend(c.escape_unicode());
        } else {
            shown.push(c);
        }
    }
    shown
}

/// Text broken into lines of at most `width` characters.
pub fn wrap(text: &str, width: usize) -> Vec<String> {
    wrap_marked(text, &[], width, Style::PLAIN)
}

/// Text broken into lines of at most `width` characters, with the marked ranges of it in bold. Ranges are ascending,
/// apart, and end between characters.
pub fn wrap_marked(text: &str, marks: &[Range<usize>], width: usize, style: Style) -> Vec<String> {
    let (mut lines, mut line, mut length) = (Vec::new(), String::new(), 0);
    let mut marks = marks.iter().peekable();
    for word in text.split_whitespace() {
        // The words are slices of the text, so their addresses are their places.
        let start = word.as_ptr().addr() - text.as_ptr().addr();
        while marks.next_if(|mark| mark.end <= start).is_some() {}
        let (shown, columns) = styled(word, start, marks.clone(), style);
        if !line.is_empty() && length + 1 + columns > width {
            lines.push(std::mem::take(&mut line));
            length = 0;
        }
        if !line.is_empty() {
            line.push(' ');
            length += 1;
        }
        line.push_str(&shown);
        length += columns;
    }
    if !line.is_empty() {
        lines.push(line);
    }
    lines
}

/// A word that begins at `start`, as it is shown, and how many columns it takes.
fn styled<'a>(
    word: &str,
    start: usize,
    marks: impl Iterator<Item = &'a Range<usize>>,
    style: Style,
) -> (String, usize) {
    let (mut shown, mut columns, mut done) = (String::new(), 0, 0);
    let end = start + word.len();
    for mark in marks.take_while(|mark| mark.start < end) {
        let (from, to) = (mark.start.max(start) - start, mark.end.min(end) - start);
        let (plain, marked) = (printable(&word[done..from]), printable(&word[from..to]));
        columns += plain.chars().count() + marked.chars().count();
        shown.push_str(&plain);
        shown.push_str(&style.bold(&marked));
        done = to;
    }
    let rest = printable(&word[done..]);
    columns += rest.chars().count();
    shown.push_str(&rest);
    (shown, columns)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A pipe that takes some bytes before its reader leaves, or a full disk.
    struct Ends {
        room: usize,
        with: io::ErrorKind,
    }

    impl Write for Ends {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            if self.room == 0 {
                return Err(self.with.into());
            }
            let taken = bytes.len().min(self.room);
            self.room -= taken;
            Ok(taken)
        }

        fn flush(&mut self) -> io::Result<()> {
            if self.room == 0 { Err(self.with.into()) } else { Ok(()) }
        }
    }

    #[test]
    fn a_reader_who_leaves_is_no_failure_and_a_full_disk_is_one() {
        let mut left = Stream::new(Ends { room: 3, with: io::ErrorKind::BrokenPipe });
        assert!(write!(left, "a").is_ok() && !left.is_unread());
        assert!(writeln!(left, "bcdef").is_ok() && left.is_unread());
        assert!(left.flush().is_ok() && writeln!(left, "g").is_ok());
        let mut flushed = Stream::new(Ends { room: 0, with: io::ErrorKind::BrokenPipe });
        assert!(flushed.flush().is_ok() && flushed.is_unread());
        let mut full = Stream::new(Ends { room: 3, with: io::ErrorKind::StorageFull });
        assert!(writeln!(full, "abcdef").is_err() && !full.is_unread() && full.flush().is_err());
    }

    #[test]
    fn a_bar_of_nothing_is_not_full() {
        let bar = bar(0, "bytes");
        assert_eq!(bar.length(), None);
        advance(&bar, 3, 4);
        assert_eq!((bar.length(), bar.position()), (Some(4), 3));
        advance(&bar, 0, 0);
        assert_eq!((bar.length(), bar.position()), (None, 0));
    }

    #[test]
    fn numbers_are_grouped_and_sizes_scaled() {
        assert_eq!([count(0), count(999), count(1000), count(1_234_567)], ["0", "999", "1,000", "1,234,567"]);
        assert_eq!([bytes(999), bytes(1536), bytes(2_000_000)], ["999 B", "1.5 kB", "2.0 MB"]);
        assert_eq!(counted(1, "case", "cases"), "1 case");
    }

    #[test]
    fn what_would_steer_a_terminal_is_shown() {
        assert_eq!(printable("a\u{1b}[31mb\u{202e}\0é"), "a\\u{1b}[31mb\\u{202e}\\u{0}é");
        assert_eq!(wrap("no\tacute \u{7}bell", 80), ["no acute \\u{7}bell"]);
    }

    #[test]
    fn text_is_broken_at_words() {
        assert_eq!(wrap("no acute  disease", 9), ["no acute", "disease"]);
        assert_eq!(wrap("pneumonoultramicroscopic", 5), ["pneumonoultramicroscopic"]);
        assert!(wrap(" ", 5).is_empty());
    }

    #[test]
    fn marked_words_are_bold_and_take_no_more_room() {
        let text = "small  pleural effusion, new";
        let marks = [0..5, 7..23];
        let lines = wrap_marked(text, &marks, 14, Style::STYLED);
        let bold = |text: &str| format!("\u{1b}[1m{text}\u{1b}[0m");
        let expected =
            [format!("{} {}", bold("small"), bold("pleural")), format!("{}, new", bold("effusion"))];
        assert_eq!(lines, expected);
        assert_eq!(wrap_marked(text, &marks, 14, Style::PLAIN), ["small pleural", "effusion, new"]);
        let shown = wrap_marked("a\u{7}bc", &[1..2, 3..4], 80, Style::STYLED);
        assert_eq!(shown, [format!("a{}b{}", bold("\\u{7}"), bold("c"))]);
        assert_eq!(
            wrap_marked("x-ray é", &[2..5, 6..8], 80, Style::STYLED),
            [format!("x-{} {}", bold("ray"), bold("é"))]
        );
    }
}
