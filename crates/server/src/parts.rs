//! What a message becomes in memory, estimated on its way in: an empty part has two bytes on the wire and some hundred
//! once it is read, so that a message far below its limit could fill the memory of the machine.

use precedent_wire::FILE_DESCRIPTOR_SET;
use prost::Message;
use prost_types::field_descriptor_proto::Type;
use prost_types::{DescriptorProto, FileDescriptorSet};
use std::collections::HashMap;
use std::sync::Arc;

/// What the parts of a message may take beyond twice its size: a batch of a thousand searches of a few words has half of it.
const SPARE_BYTES: u64 = 1 << 20;
/// A text, a list or a number inside the message that holds it.
const FIELD_BYTES: u64 = 24;
/// What a part takes beside its fields.
const PART_BYTES: u64 = 32;

/// The messages of the protocol, as far as parts of parts go.
#[derive(Debug)]
pub(crate) struct Shapes {
    shapes: Vec<Shape>,
    /// The shape of the requests of each method, by its path.
    requests: HashMap<String, usize>,
}

#[derive(Debug, Default)]
struct Shape {
    /// Of a value in memory.
    bytes: u64,
    /// Which fields are messages, and of which shape.
    parts: HashMap<u64, usize>,
}

impl Shapes {
    /// Those of our protocol; `Err` says why its descriptor cannot be read.
    pub(crate) fn of_the_protocol() -> Result<Self, prost::DecodeError> {
        let files = FileDescriptorSet::decode(FILE_DESCRIPTOR_SET)?.file;
        let mut messages = Vec::new();
        for file in &files {
            let package = format!(".{}", file.package());
            file.message_type.iter().for_each(|message| collect(&package, message, &mut messages));
        }
        let numbers: HashMap<&str, usize> =
            messages.iter().enumerate().map(|(number, (name, _))| (name.as_str(), number)).collect();
        let shape = |message: &DescriptorProto| Shape {
            bytes: PART_BYTES + FIELD_BYTES * message.field.len() as u64,
            parts: (message.field.iter())
                .filter(|field| field.r#type() == Type::Message)
                .filter_map(|field| Some((field.number() as u64, *numbers.get(field.type_name())?)))
                .collect(),
        };
        let shapes = messages.iter().map(|(_, message)| shape(message)).collect();
        let mut requests = HashMap::new();
        for file in &files {
            for service in &file.service {
                for method in &service.method {
                    let path = format!("/{}.{}/{}", file.package(), service.name(), method.name());
                    requests.extend(numbers.get(method.input_type()).map(|&shape| (path, shape)));
                }
            }
        }
        Ok(Self { shapes, requests })
    }

    /// Follows the requests of the method at `path`.
    pub(crate) fn requests(self: &Arc<Self>, path: &str) -> Option<Parts> {
        let root = *self.requests.get(path)?;
        Some(Parts { shapes: Arc::clone(self), root, message: Following::default() })
    }
}

fn collect<'a>(parent: &str, message: &'a DescriptorProto, all: &mut Vec<(String, &'a DescriptorProto)>) {
    let name = format!("{parent}.{}", message.name());
    message.nested_type.iter().for_each(|nested| collect(&name, nested, all));
    all.push((name, message));
}

/// Follows messages of one method.
#[derive(Debug)]
pub(crate) struct Parts {
    shapes: Arc<Shapes>,
    root: usize,
    message: Following,
}

/// Where in a message the reading is.
#[derive(Debug, Default)]
struct Following {
    /// The message and the parts around this place: shape and end of each.
    open: Vec<(usize, u64)>,
    place: u64,
    state: State,
    /// The number that is being read, and the bits of it that are there.
    number: (u64, u32),
    most: u64,
    estimate: u64,
}

#[derive(Debug, Default, Clone, Copy)]
enum State {
    /// Before or in the key of a field.
    #[default]
    Key,
    /// In the length of a field.
    Length(u64),
    /// In a number.
    Number,
    /// In so many bytes that are no part.
    Bytes(u64),
    /// What comes cannot be read, which is for the decoder to say.
    Unreadable,
}

impl Parts {
    /// A message of so many bytes begins.
    pub(crate) fn begin(&mut self, bytes: u64) {
        let open = vec![(self.root, bytes)];
        self.message = Following { open, most: 2 * bytes + SPARE_BYTES, ..Following::default() };
    }

    /// Looks at the next bytes of the message; `false` when it would become too large.
    pub(crate) fn follow(&mut self, mut bytes: &[u8]) -> bool {
        let message = &mut self.message;
        while let Some((&byte, behind)) = bytes.split_first() {
            match message.state {
                State::Unreadable => return true,
                State::Bytes(count) => {
                    let skipped = count.min(bytes.len() as u64);
                    bytes = &bytes[skipped as usize..];
                    message.place += skipped;
                    message.state = if count == skipped { State::Key } else { State::Bytes(count - skipped) };
                    continue;
                }
                _ => {}
            }
            bytes = behind;
            message.place += 1;
            if let Some(number) = message.digit(byte) {
                message.take(number, &self.shapes.shapes);
            }
            if message.estimate > message.most {
                return false;
            }
        }
        true
    }
}

impl Following {
    /// The number that ends with this byte, if one does.
    fn digit(&mut self, byte: u8) -> Option<u64> {
        let (number, bits) = self.number;
        if bits >= 64 {
            self.state = State::Unreadable;
            return None;
        }
        let number = number | u64::from(byte & 0x7f) << bits;
        self.number = if byte < 0x80 { (0, 0) } else { (number, bits + 7) };
        (byte < 0x80).then_some(number)
    }

    fn take(&mut self, number: u64, shapes: &[Shape]) {
        // Parts that ended before this key.
        if matches!(self.state, State::Key) {
            while self.open.len() > 1 && self.open.last().is_some_and(|(_, end)| self.place > *end) {
                self.open.pop();
            }
        }
        let Some(&(shape, end)) = self.open.last() else {
            self.state = State::Unreadable;
            return;
        };
        self.state = match (self.state, number & 7) {
            (State::Key, 0) => State::Number,
            (State::Key, 1) => State::Bytes(8),
            (State::Key, 5) => State::Bytes(4),
            (State::Key, 2) => State::Length(number >> 3),
            (State::Length(_), _) if number > end.saturating_sub(self.place) => State::Unreadable,
            (State::Length(field), _) => match shapes.get(shape).and_then(|shape| shape.parts.get(&field)) {
                Some(&part) => {
                    self.estimate += shapes.get(part).map_or(PART_BYTES, |part| part.bytes);
                    self.open.push((part, self.place + number));
                    State::Key
                }
                None => {
                    self.estimate += FIELD_BYTES;
                    if number == 0 { State::Key } else { State::Bytes(number) }
                }
            },
            (State::Number, _) => State::Key,
            _ => State::Unreadable,
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use precedent_wire::v1;

    const BATCH: &str = "/precedent.v1.SearchService/BatchSearch";
    const INGEST: &str = "/precedent.v1.IngestService/IngestCases";

    /// Whether a message is let through, in pieces of every kind of size.
    fn passes(path: &str, message: &[u8]) -> bool {
        let shapes = Arc::new(Shapes::of_the_protocol().unwrap());
        let outcomes = [1, 7, 4096, message.len().max(1)].map(|size| {
            let mut parts = shapes.requests(path).unwrap();
            parts.begin(message.len() as u64);
            message.chunks(size).all(|piece| parts.follow(piece))
        });
        assert!(outcomes.iter().all(|passes| *passes == outcomes[0]), "{outcomes:?}");
        outcomes[0]
    }

    #[test]
    fn messages_of_empty_parts_are_refused_at_every_depth() {
        let batch = v1::BatchSearchRequest { requests: vec![v1::SearchRequest::default(); 20_000] };
        assert!(!passes(BATCH, &batch.encode_to_vec()));
        let search =
            v1::SearchRequest { images: vec![v1::QueryImage::default(); 100_000], ..Default::default() };
        assert!(!passes(BATCH, &v1::BatchSearchRequest { requests: vec![search] }.encode_to_vec()));
        let case = v1::Case { images: vec![v1::Image::default(); 100_000], ..Default::default() };
        let ingest = v1::IngestCasesRequest { case: Some(case), ..Default::default() };
        assert!(!passes(INGEST, &ingest.encode_to_vec()));
    }

    #[test]
    fn the_largest_messages_that_make_sense_pass() {
        let embedding = |values| v1::Embedding { values: vec![0.5; values], encoder_id: "encoder-1".into() };
        let words = v1::SearchRequest { text: "effusion".into(), limit: Some(5), ..Default::default() };
        assert!(passes(BATCH, &v1::BatchSearchRequest { requests: vec![words; 1000] }.encode_to_vec()));
        let vectors = v1::SearchRequest {
            embeddings: vec![embedding(16); 16],
            guards: Some(v1::Guards { patient: Some(v1::PatientKey::default()), ..Default::default() }),
            fusion: Some(v1::Fusion::default()),
            ..Default::default()
        };
        assert!(passes(BATCH, &v1::BatchSearchRequest { requests: vec![vectors; 1000] }.encode_to_vec()));
        let image = v1::Image { embedding: Some(embedding(512)), ..Default::default() };
        let values = v1::FieldValues { values: vec!["a value".into(); 64] };
        let case = v1::Case {
            case_id: "CXR1".into(),
            images: vec![image; 64],
            fields: (0..64).map(|number| (format!("field-{number}"), values.clone())).collect(),
            ..Default::default()
        };
        let ingest = v1::IngestCasesRequest { case: Some(case), ..Default::default() };
        assert!(passes(INGEST, &ingest.encode_to_vec()));
        let ids = v1::DeleteCasesRequest { case_ids: vec!["x".into(); 10_000], ..Default::default() };
        assert!(passes("/precedent.v1.IngestService/DeleteCases", &ids.encode_to_vec()));
    }

    #[test]
    fn what_cannot_be_read_is_left_to_the_decoder() {
        for bytes in
            [&b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"[..], b"\x0a\x7f\x01", b"\x0b\x0c", b""]
        {
            assert!(passes(BATCH, bytes));
        }
    }
}
