//! What a caller is told when something is wrong: one table from the engine's classes of error to gRPC codes, with the
//! details of `google.rpc` (AIP-193).

use http::{HeaderMap, HeaderValue};
use precedent_engine::{EngineError, ErrorKind, Violation};
use std::collections::HashMap;
use std::time::Duration;
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, FieldViolation, StatusExt};

/// The `domain` of every ErrorInfo.
pub(crate) const DOMAIN: &str = "precedent";

/// After how long a refused call is worth another try.
pub(crate) const RETRY_DELAY: Duration = Duration::from_millis(200);

/// Bytes of violations in one status. They travel in a header, and gRPC clients take 8 KiB of these, coded in base64
/// and beside the message.
const VIOLATION_BYTES: usize = 3000;
/// Bytes of the message.
const MESSAGE_BYTES: usize = 800;

/// The code and the stable reason for a class of error.
fn class(kind: ErrorKind) -> (Code, &'static str) {
    match kind {
        ErrorKind::Invalid => (Code::InvalidArgument, "INVALID_REQUEST"),
        ErrorKind::Precondition => (Code::FailedPrecondition, "INDEX_MISMATCH"),
        ErrorKind::NotFound => (Code::NotFound, "INDEX_NOT_FOUND"),
        ErrorKind::ReadOnly => (Code::FailedPrecondition, "INDEX_READ_ONLY"),
        ErrorKind::Busy => (Code::Unavailable, "INDEX_BUSY"),
        ErrorKind::Cancelled => (Code::Cancelled, "CANCELLED"),
        ErrorKind::Full => (Code::ResourceExhausted, "DISK_FULL"),
        ErrorKind::Unavailable => (Code::Unavailable, "WRITER_FAILED"),
        ErrorKind::Damaged => (Code::DataLoss, "INDEX_DAMAGED"),
        ErrorKind::Internal => (Code::Internal, "INTERNAL"),
    }
}

/// The status for an error of the engine. Errors that concern files name paths of this machine, which are for its log
/// and not for callers.
pub(crate) fn from_engine(error: &EngineError, index: &str) -> Status {
    from_engine_at(error, index, "")
}

/// As [`from_engine`], with `prefix` before the path of every field: the place of a search in its batch.
pub(crate) fn from_engine_at(error: &EngineError, index: &str, prefix: &str) -> Status {
    let kind = error.kind();
    let (code, reason) = class(kind);
    let message = match (error, kind) {
        (EngineError::Invalid(violations), _) => {
            return violated(code, reason, index, prefixed(violations.clone(), prefix));
        }
        (EngineError::Precondition(violation), _) => {
            return violated(code, reason, index, prefixed(vec![violation.clone()], prefix));
        }
        // Such as a case too large for the log: sizes only.
        (error, ErrorKind::Invalid) => return detailed(code, reason, error.to_string(), [("index", index)]),
        (_, ErrorKind::ReadOnly) => {
            "this server opened the index for reading only; ask the one that writes it"
        }
        (_, ErrorKind::Busy) => "another process writes this index; try again when it is done",
        (_, ErrorKind::Full) => "the disk is full; make room and send again what was not acknowledged",
        (_, ErrorKind::Unavailable) => {
            "the index's writer failed and takes nothing more; restart the server and send again what was not acknowledged"
        }
        (_, ErrorKind::Damaged) => "a file of the index is damaged; VerifyIndex names it",
        (_, ErrorKind::NotFound) => "the index is gone",
        (_, ErrorKind::Cancelled) => "the caller gave up",
        _ => "the server failed; its log says more",
    };
    if !matches!(kind, ErrorKind::Cancelled | ErrorKind::ReadOnly) {
        tracing::error!(index, reason, error = %error, "the engine failed");
    }
    detailed(code, reason, message, [("index", index)])
}

/// INVALID_ARGUMENT with those violations.
pub(crate) fn invalid(violations: Vec<Violation>) -> Status {
    let (code, reason) = class(ErrorKind::Invalid);
    violated(code, reason, "", violations)
}

/// INVALID_ARGUMENT for one field.
pub(crate) fn invalid_field(field: &str, description: &str) -> Status {
    invalid(vec![Violation::new(field, description)])
}

/// Those violations with `prefix` before the path of each field.
pub(crate) fn prefixed(violations: Vec<Violation>, prefix: &str) -> Vec<Violation> {
    violations.into_iter().map(|v| Violation::new(format!("{prefix}{}", v.field), v.description)).collect()
}

/// No index of the name that was asked for. Which there are is for ListIndexes to say.
pub(crate) fn unknown_index() -> Status {
    let message = "no index of that name is served here; ListIndexes names those that are";
    detailed(Code::NotFound, "INDEX_NOT_FOUND", message, [])
}

/// No case of the id that was asked for.
pub(crate) fn unknown_case(index: &str) -> Status {
    detailed(Code::NotFound, "CASE_NOT_FOUND", "the index has no case of that id", [("index", index)])
}

/// No small picture is kept of the image that was asked for.
pub(crate) fn no_thumbnail(index: &str) -> Status {
    let message = "the index keeps no thumbnail of that image of the case; give the index of another image, or ingest the image \
                   file into an index whose definition has a thumbnail_side";
    detailed(Code::NotFound, "THUMBNAIL_NOT_FOUND", message, [("index", index)])
}

/// The generation of a page token is gone.
pub(crate) fn generation_gone(index: &str, generation: u64) -> Status {
    let message =
        "the generation that the first page came from is no longer kept; search again from the first page";
    let generation = generation.to_string();
    detailed(Code::Aborted, "GENERATION_GONE", message, [("index", index), ("generation", &generation)])
}

/// A method that the protocol of this server does not have.
pub(crate) fn unknown_method() -> Status {
    let message = "this server has no such method; its protocol is older or newer than the client's";
    detailed(Code::Unimplemented, "UNKNOWN_METHOD", message, [])
}

/// The time for the call is over.
pub(crate) fn deadline_exceeded() -> Status {
    let message = "the caller's deadline or the server's time limit for a call passed";
    detailed(Code::DeadlineExceeded, "DEADLINE_EXCEEDED", message, [])
}

/// The caller went away.
pub(crate) fn cancelled() -> Status {
    let (code, reason) = class(ErrorKind::Cancelled);
    detailed(code, reason, "the caller gave up", [])
}

/// A message that is small and would fill the memory all the same.
pub(crate) fn too_many_parts() -> Status {
    let message =
        "the message has far more parts than a request of its size can need; most of them are empty";
    detailed(Code::InvalidArgument, "TOO_MANY_PARTS", message, [])
}

/// A message stopped coming.
pub(crate) fn upload_stalled(patience: Duration) -> Status {
    let seconds = patience.as_secs();
    let message = format!(
        "a message of the request was not there after {seconds} seconds of waiting, which is the limit; send each in one go"
    );
    detailed(Code::DeadlineExceeded, "UPLOAD_STALLED", message, [])
}

/// Others hold the memory that the server has for requests or answers.
pub(crate) fn out_of_memory() -> Status {
    let mut details = info("OVERLOADED", []);
    details.set_retry_info(Some(RETRY_DELAY));
    let message = "large requests and answers of others take all memory that the server has for them; try again later, \
                   with fewer at a time or with page_size";
    Status::with_error_details(Code::ResourceExhausted, message, details)
}

/// A status behind an answer whose head was sent.
pub(crate) fn trailers(status: &Status) -> HeaderMap {
    let mut trailers = HeaderMap::new();
    if status.add_header(&mut trailers).is_err() {
        trailers.insert(Status::GRPC_STATUS, HeaderValue::from(status.code() as u16));
    }
    trailers
}

/// Chunks of a case stopped coming.
pub(crate) fn chunks_stalled(seconds: u64) -> Status {
    let message = format!(
        "no message came for {seconds} seconds after a chunk; send the chunks and their case in one go"
    );
    detailed(Code::DeadlineExceeded, "CHUNKS_STALLED", message, [])
}

/// The server stops.
pub(crate) fn shutting_down() -> Status {
    let message = "the server is shutting down; send again what was not acknowledged";
    detailed(Code::Unavailable, "SHUTTING_DOWN", message, [])
}

/// More calls than the server takes on.
pub(crate) fn overloaded(limit: usize) -> Status {
    let mut details = info("OVERLOADED", [("limit", limit.to_string().as_str())]);
    details.set_retry_info(Some(RETRY_DELAY));
    let message =
        format!("the server works on {limit} calls of this kind, which is its limit; try again later");
    Status::with_error_details(Code::ResourceExhausted, message, details)
}

/// A request above its limit. tonic says OUT_OF_RANGE, which other stacks do not expect.
pub(crate) fn request_too_large(limit_bytes: usize) -> Status {
    let message =
        format!("the message is larger than {limit_bytes} bytes, which is the limit; send less at once");
    let limit_bytes = limit_bytes.to_string();
    detailed(Code::ResourceExhausted, "MESSAGE_TOO_LARGE", message, [("limit_bytes", limit_bytes.as_str())])
}

/// An answer above its limit.
pub(crate) fn response_too_large(limit_bytes: usize) -> Status {
    let message = format!(
        "the answer is larger than {limit_bytes} bytes, which is the limit; ask for pages with page_size, or for less at once"
    );
    let limit_bytes = limit_bytes.to_string();
    detailed(Code::ResourceExhausted, "RESPONSE_TOO_LARGE", message, [("limit_bytes", limit_bytes.as_str())])
}

/// Something that must not happen.
pub(crate) fn internal() -> Status {
    let (code, reason) = class(ErrorKind::Internal);
    detailed(code, reason, "the server failed; its log says more", [])
}

fn violated(code: Code, reason: &str, index: &str, violations: Vec<Violation>) -> Status {
    let more = violations.len().saturating_sub(1);
    let message = match violations.first() {
        None => "the request is refused".to_owned(),
        Some(first) if more == 0 => format!("{}: {}", first.field, first.description),
        Some(first) => format!("{}: {} (and {more} more)", first.field, first.description),
    };
    let mut details = if index.is_empty() { info(reason, []) } else { info(reason, [("index", index)]) };
    details.set_bad_request(bounded(violations));
    Status::with_error_details(code, cut(&message, MESSAGE_BYTES), details)
}

/// As many violations as a header holds, the first always among them.
fn bounded(violations: Vec<Violation>) -> Vec<FieldViolation> {
    let mut bytes = 0;
    (violations.into_iter())
        .map(|v| {
            FieldViolation::new(cut(&v.field, VIOLATION_BYTES / 4), cut(&v.description, VIOLATION_BYTES / 2))
        })
        .take_while(|v| {
            bytes += v.field.len() + v.description.len() + 16;
            bytes <= VIOLATION_BYTES
        })
        .collect()
}

fn cut(text: &str, bytes: usize) -> String {
    if text.len() <= bytes {
        return text.to_owned();
    }
    let end = (0..=bytes).rev().find(|&end| text.is_char_boundary(end)).unwrap_or(0);
    format!("{}…", &text[..end])
}

fn detailed<const N: usize>(
    code: Code,
    reason: &str,
    message: impl Into<String>,
    metadata: [(&str, &str); N],
) -> Status {
    Status::with_error_details(code, message, info(reason, metadata))
}

fn info<const N: usize>(reason: &str, metadata: [(&str, &str); N]) -> ErrorDetails {
    let metadata: HashMap<String, String> =
        metadata.into_iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect();
    ErrorDetails::with_error_info(reason, DOMAIN, metadata)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(status: &Status) -> Vec<(String, String)> {
        let details = status.get_error_details();
        let bad = details.bad_request().unwrap();
        bad.field_violations.iter().map(|v| (v.field.clone(), v.description.clone())).collect()
    }

    #[test]
    fn violations_travel_by_field() {
        let violations = vec![Violation::new("limit", "is 0"), Violation::new("filter", "ends early")];
        let status = from_engine(&EngineError::Invalid(violations), "chest");
        assert_eq!(status.code(), Code::InvalidArgument);
        assert_eq!(status.message(), "limit: is 0 (and 1 more)");
        assert_eq!(fields(&status)[1], ("filter".to_owned(), "ends early".to_owned()));
        let details = status.get_error_details();
        let info = details.error_info().unwrap();
        assert_eq!((info.reason.as_str(), info.domain.as_str()), ("INVALID_REQUEST", "precedent"));
        assert_eq!(info.metadata["index"], "chest");
    }

    #[test]
    fn another_encoder_is_a_failed_precondition_with_its_field() {
        let violation = Violation::new("embeddings[0].encoder_id", "is of another encoder");
        let status = from_engine(&EngineError::Precondition(violation), "chest");
        assert_eq!(status.code(), Code::FailedPrecondition);
        assert_eq!(fields(&status)[0].0, "embeddings[0].encoder_id");
    }

    #[test]
    fn every_class_has_its_code() {
        use ErrorKind::*;
        let codes = [
            Invalid,
            Precondition,
            NotFound,
            ReadOnly,
            Busy,
            Cancelled,
            Full,
            Unavailable,
            Damaged,
            Internal,
        ]
        .map(|kind| class(kind).0);
        let expected = [
            Code::InvalidArgument,
            Code::FailedPrecondition,
            Code::NotFound,
            Code::FailedPrecondition,
            Code::Unavailable,
            Code::Cancelled,
            Code::ResourceExhausted,
            Code::Unavailable,
            Code::DataLoss,
            Code::Internal,
        ];
        assert_eq!(codes, expected);
    }

    #[test]
    fn a_thousand_violations_still_fit_a_header() {
        let many =
            (0..1000).map(|i| Violation::new(format!("requests[{i}].limit"), "é".repeat(1000))).collect();
        let status = invalid(many);
        assert!(status.details().len() < 4500, "{}", status.details().len());
        assert!(status.message().len() < 900 && status.message().ends_with('…'));
        assert!(!fields(&status).is_empty());
    }

    #[test]
    fn overload_says_when_to_try_again() {
        let status = overloaded(8);
        assert_eq!(status.code(), Code::ResourceExhausted);
        assert_eq!(status.get_error_details().retry_info().unwrap().retry_delay, Some(RETRY_DELAY));
    }
}
