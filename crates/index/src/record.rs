//! Cases as bytes: protobuf messages of our own, in the log and in segments (FORMAT.md, "Records").
//!
//! Field numbers are never reused after removal; a reader skips fields it does not know.

use crate::LocalVectors;
use precedent_model::{
    Case, CaseId, FieldValue, GridFrame, Image, ImageExtent, ModelError, PartialDate, PatientKey, Report,
    SectionKind, Thumbnail,
};
use precedent_query::LocalImage;
use precedent_vector::{ByteVector, Embedding, Patches, PatchesError};
use prost::Message;

/// A case with all that is kept beside it. What is of an image stands behind its index in `case.images`, sorted by it, at most one of
/// a kind per image.
#[derive(Debug, Clone, PartialEq)]
pub struct CaseEntry {
    /// The case.
    pub case: Case,
    /// Its embeddings, as admitted by the image space.
    pub embeddings: Vec<(usize, Embedding)>,
    /// Vectors of the parts of its images, and of the sentences of its report.
    pub local: LocalVectors,
    /// Small pictures of its images.
    pub thumbnails: Vec<(usize, Thumbnail)>,
}

impl CaseEntry {
    /// A case with embeddings alone.
    pub fn new(case: Case, embeddings: Vec<(usize, Embedding)>) -> Self {
        Self { case, embeddings, local: LocalVectors::default(), thumbnails: Vec::new() }
    }

    /// Its approximate size in memory, in bytes.
    pub fn memory_bytes(&self) -> usize {
        let sections = self.case.report.iter().flat_map(|report| report.sections());
        let text: usize = sections.map(|section| section.text.len()).sum();
        let values: usize = self.embeddings.iter().map(|(_, embedding)| embedding.as_slice().len()).sum();
        let pictures: usize = self.thumbnails.iter().map(|(_, thumbnail)| thumbnail.jpeg().len()).sum();
        // Fields, ids and images usually take a few hundred bytes.
        text + values * size_of::<f32>() + self.local.memory_bytes() + pictures + 512
    }
}

/// A case as the log has it: embeddings are those of an image space that the log does not know.
#[derive(Clone, PartialEq)]
pub(crate) struct LoggedCase {
    pub case: Case,
    pub embeddings: Vec<(usize, Vec<f32>)>,
    pub local: LocalVectors,
    pub thumbnails: Vec<(usize, Thumbnail)>,
}

/// One entry of the log.
#[derive(Clone, PartialEq)]
pub(crate) enum Operation {
    /// Adds a case, or replaces the one with the same id.
    Put(Box<LoggedCase>),
    /// Deletes cases.
    Delete(Vec<CaseId>),
}

#[derive(Clone, PartialEq, Message)]
struct OperationRecord {
    #[prost(message, optional, tag = "1")]
    put: Option<PutRecord>,
    #[prost(message, optional, tag = "2")]
    delete: Option<DeleteRecord>,
}

#[derive(Clone, PartialEq, Message)]
struct PutRecord {
    #[prost(bytes = "vec", tag = "1")]
    case: Vec<u8>,
    #[prost(message, repeated, tag = "2")]
    embeddings: Vec<EmbeddingRecord>,
    /// Numbers of a local vector, where there are any.
    #[prost(uint32, tag = "3")]
    local_dimension: u32,
    #[prost(message, repeated, tag = "4")]
    grids: Vec<GridRecord>,
    #[prost(message, repeated, tag = "5")]
    sentences: Vec<SentenceRecord>,
    #[prost(message, repeated, tag = "6")]
    thumbnails: Vec<ThumbnailRecord>,
}

#[derive(Clone, PartialEq, Message)]
struct EmbeddingRecord {
    #[prost(uint32, tag = "1")]
    image: u32,
    #[prost(float, repeated, packed = "true", tag = "2")]
    values: Vec<f32>,
}

#[derive(Clone, PartialEq, Message)]
struct GridRecord {
    #[prost(uint32, tag = "1")]
    image: u32,
    #[prost(uint32, tag = "2")]
    rows: u32,
    #[prost(uint32, tag = "3")]
    columns: u32,
    #[prost(float, tag = "4")]
    step: f32,
    #[prost(bytes = "vec", tag = "5")]
    values: Vec<u8>,
    /// Left and upper edge, width and height.
    #[prost(float, repeated, packed = "true", tag = "6")]
    frame: Vec<f32>,
    #[prost(uint32, tag = "7")]
    image_columns: u32,
    #[prost(uint32, tag = "8")]
    image_rows: u32,
}

#[derive(Clone, PartialEq, Message)]
struct SentenceRecord {
    #[prost(string, tag = "1")]
    text: String,
    #[prost(float, tag = "2")]
    step: f32,
    #[prost(bytes = "vec", tag = "3")]
    values: Vec<u8>,
}

#[derive(Clone, PartialEq, Message)]
struct ThumbnailRecord {
    #[prost(uint32, tag = "1")]
    image: u32,
    #[prost(uint32, tag = "2")]
    width: u32,
    #[prost(uint32, tag = "3")]
    height: u32,
    #[prost(bytes = "vec", tag = "4")]
    jpeg: Vec<u8>,
}

#[derive(Clone, PartialEq, Message)]
struct DeleteRecord {
    #[prost(string, repeated, tag = "1")]
    case_ids: Vec<String>,
}

#[derive(Clone, PartialEq, Message)]
struct CaseRecord {
    #[prost(string, tag = "1")]
    case_id: String,
    #[prost(string, optional, tag = "2")]
    patient_id: Option<String>,
    #[prost(string, optional, tag = "3")]
    patient_id_issuer: Option<String>,
    #[prost(message, repeated, tag = "4")]
    fields: Vec<FieldRecord>,
    #[prost(message, repeated, tag = "5")]
    sections: Vec<SectionRecord>,
    #[prost(message, repeated, tag = "6")]
    images: Vec<ImageRecord>,
}

/// A [`CaseRecord`] whose sections are skipped as unknown fields.
#[derive(Clone, PartialEq, Message)]
struct HeadRecord {
    #[prost(string, tag = "1")]
    case_id: String,
    #[prost(string, optional, tag = "2")]
    patient_id: Option<String>,
    #[prost(string, optional, tag = "3")]
    patient_id_issuer: Option<String>,
    #[prost(message, repeated, tag = "4")]
    fields: Vec<FieldRecord>,
    #[prost(message, repeated, tag = "6")]
    images: Vec<ImageRecord>,
}

/// A [`CaseRecord`] of which only the id is read.
#[derive(Clone, PartialEq, Message)]
struct IdRecord {
    #[prost(string, tag = "1")]
    case_id: String,
}

/// A [`CaseRecord`] of which only the patient is read.
#[derive(Clone, PartialEq, Message)]
struct PatientRecord {
    #[prost(string, optional, tag = "2")]
    patient_id: Option<String>,
    #[prost(string, optional, tag = "3")]
    patient_id_issuer: Option<String>,
}

#[derive(Clone, PartialEq, Message)]
struct FieldRecord {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(message, repeated, tag = "2")]
    values: Vec<ValueRecord>,
}

#[derive(Clone, PartialEq, Message)]
struct ValueRecord {
    #[prost(oneof = "ValueKind", tags = "1, 2, 3, 4")]
    value: Option<ValueKind>,
}

#[derive(Clone, PartialEq, prost::Oneof)]
enum ValueKind {
    #[prost(string, tag = "1")]
    Keyword(String),
    #[prost(sint64, tag = "2")]
    Integer(i64),
    #[prost(double, tag = "3")]
    Number(f64),
    #[prost(string, tag = "4")]
    Date(String),
}

#[derive(Clone, PartialEq, Message)]
struct SectionRecord {
    #[prost(string, tag = "1")]
    kind: String,
    #[prost(string, tag = "2")]
    text: String,
}

#[derive(Clone, PartialEq, Message)]
struct ImageRecord {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(string, optional, tag = "2")]
    view: Option<String>,
}

/// Why bytes are not a valid case: they passed a checksum, so a program wrote them wrongly.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct RecordError(String);

impl From<prost::DecodeError> for RecordError {
    fn from(error: prost::DecodeError) -> Self {
        Self(error.to_string())
    }
}

impl From<PatchesError> for RecordError {
    fn from(error: PatchesError) -> Self {
        Self(error.to_string())
    }
}

impl From<ModelError> for RecordError {
    fn from(error: ModelError) -> Self {
        Self(error.to_string())
    }
}

/// Encodes a case, without its embeddings.
pub(crate) fn encode_case(case: &Case) -> Vec<u8> {
    CaseRecord {
        case_id: case.id.as_str().to_owned(),
        patient_id: case.patient.as_ref().map(|patient| patient.id().to_owned()),
        patient_id_issuer: case.patient.as_ref().and_then(|patient| patient.issuer()).map(str::to_owned),
        fields: (case.fields.iter())
            .map(|(name, values)| FieldRecord {
                name: name.clone(),
                values: values.iter().map(|value| ValueRecord { value: Some(encode_value(value)) }).collect(),
            })
            .collect(),
        sections: (case.report.iter().flat_map(Report::sections))
            .map(|section| SectionRecord { kind: section.kind.name().to_owned(), text: section.text.clone() })
            .collect(),
        images: (case.images.iter())
            .map(|image| ImageRecord { name: image.name.clone(), view: image.view.clone() })
            .collect(),
    }
    .encode_to_vec()
}

fn encode_value(value: &FieldValue) -> ValueKind {
    match value {
        FieldValue::Keyword(text) => ValueKind::Keyword(text.clone()),
        FieldValue::Integer(number) => ValueKind::Integer(*number),
        FieldValue::Number(number) => ValueKind::Number(*number),
        FieldValue::Date(date) => ValueKind::Date(date.to_string()),
    }
}

/// Decodes the bytes of [`encode_case`].
pub(crate) fn decode_case(bytes: &[u8]) -> Result<Case, RecordError> {
    case_of(CaseRecord::decode(bytes)?)
}

/// The same without the report.
pub(crate) fn decode_without_report(bytes: &[u8]) -> Result<Case, RecordError> {
    let HeadRecord { case_id, patient_id, patient_id_issuer, fields, images } = HeadRecord::decode(bytes)?;
    case_of(CaseRecord { case_id, patient_id, patient_id_issuer, fields, sections: Vec::new(), images })
}

/// Only the id.
pub(crate) fn decode_id(bytes: &[u8]) -> Result<CaseId, RecordError> {
    Ok(CaseId::new(&IdRecord::decode(bytes)?.case_id)?)
}

/// Only the patient.
pub(crate) fn decode_patient(bytes: &[u8]) -> Result<Option<PatientKey>, RecordError> {
    let record = PatientRecord::decode(bytes)?;
    patient_of(record.patient_id.as_deref(), record.patient_id_issuer.as_deref())
}

fn patient_of(id: Option<&str>, issuer: Option<&str>) -> Result<Option<PatientKey>, RecordError> {
    Ok(id.map(|id| PatientKey::new(id, issuer)).transpose()?)
}

fn case_of(record: CaseRecord) -> Result<Case, RecordError> {
    let mut case = Case::new(CaseId::new(&record.case_id)?);
    case.patient = patient_of(record.patient_id.as_deref(), record.patient_id_issuer.as_deref())?;
    for field in record.fields {
        let values = field.values.into_iter().map(decode_value).collect::<Result<Vec<_>, _>>()?;
        case.fields.insert(field.name, values);
    }
    if !record.sections.is_empty() {
        let sections = (record.sections.into_iter())
            .map(|section| match SectionKind::from_name(&section.kind) {
                Some(kind) => Ok((kind, section.text)),
                None => Err(RecordError("a section is of an unknown kind".to_owned())),
            })
            .collect::<Result<Vec<_>, _>>()?;
        case.report = Some(Report::new(sections)?);
    }
    case.images =
        record.images.into_iter().map(|image| Image { name: image.name, view: image.view }).collect();
    Ok(case)
}

fn decode_value(record: ValueRecord) -> Result<FieldValue, RecordError> {
    match record.value {
        Some(ValueKind::Keyword(text)) => Ok(FieldValue::Keyword(text)),
        Some(ValueKind::Integer(number)) => Ok(FieldValue::Integer(number)),
        Some(ValueKind::Number(number)) => Ok(FieldValue::Number(number)),
        Some(ValueKind::Date(text)) => Ok(FieldValue::Date(PartialDate::parse("date", &text)?)),
        None => Err(RecordError("a field value has no kind".to_owned())),
    }
}

/// Encodes the operation that stores an entry. Its case is encoded already, so that a segment can use the same bytes.
pub(crate) fn encode_put(case: Vec<u8>, entry: &CaseEntry) -> Vec<u8> {
    let CaseEntry { embeddings, local, thumbnails, .. } = entry;
    let embeddings = (embeddings.iter())
        .map(|(image, embedding)| EmbeddingRecord {
            image: *image as u32,
            values: embedding.as_slice().to_vec(),
        })
        .collect();
    let dimension = (local.images.first().map(|(_, local)| local.patches().dimension()))
        .or(local.sentences.first().map(|(_, vector)| vector.dimension()));
    let sentences = (local.sentences.iter())
        .map(|(text, vector)| SentenceRecord {
            text: text.clone(),
            step: vector.step(),
            values: vector.as_row().to_vec(),
        })
        .collect();
    let thumbnails = (thumbnails.iter())
        .map(|(image, thumbnail)| ThumbnailRecord {
            image: *image as u32,
            width: thumbnail.width(),
            height: thumbnail.height(),
            jpeg: thumbnail.jpeg().to_vec(),
        })
        .collect();
    let put = PutRecord {
        case,
        embeddings,
        local_dimension: dimension.unwrap_or(0) as u32,
        grids: local.images.iter().map(|(image, local)| encode_grid(*image, local)).collect(),
        sentences,
        thumbnails,
    };
    OperationRecord { put: Some(put), delete: None }.encode_to_vec()
}

fn encode_grid(image: usize, local: &LocalImage) -> GridRecord {
    let (patches, frame, extent) = (local.patches(), local.grid().frame(), local.grid().extent());
    GridRecord {
        image: image as u32,
        rows: patches.rows() as u32,
        columns: patches.columns() as u32,
        step: patches.step(),
        values: patches.as_rows().to_vec(),
        frame: vec![frame.x(), frame.y(), frame.width(), frame.height()],
        image_columns: extent.columns(),
        image_rows: extent.rows(),
    }
}

fn decode_grid(record: GridRecord, dimension: usize) -> Result<(usize, LocalImage), RecordError> {
    let (rows, columns) = (record.rows as usize, record.columns as usize);
    let patches = Patches::restore(rows, columns, dimension, record.step, record.values)?;
    let [x, y, width, height] = record.frame[..] else {
        return Err(RecordError("a frame is not four numbers".to_owned()));
    };
    let extent = ImageExtent::new(record.image_columns, record.image_rows)?;
    let local = LocalImage::new(patches, GridFrame::new(x, y, width, height)?, extent)?;
    Ok((record.image as usize, local))
}

fn decode_put(put: PutRecord) -> Result<LoggedCase, RecordError> {
    let dimension = put.local_dimension as usize;
    let embeddings =
        put.embeddings.into_iter().map(|record| (record.image as usize, record.values)).collect();
    let sentence = |record: SentenceRecord| -> Result<_, RecordError> {
        Ok((record.text, ByteVector::restore(dimension, record.step, record.values)?))
    };
    let thumbnail = |record: ThumbnailRecord| -> Result<_, RecordError> {
        Ok((record.image as usize, Thumbnail::new(record.jpeg, record.width, record.height)?))
    };
    let local = LocalVectors {
        images: put.grids.into_iter().map(|grid| decode_grid(grid, dimension)).collect::<Result<_, _>>()?,
        sentences: put.sentences.into_iter().map(sentence).collect::<Result<_, _>>()?,
    };
    let thumbnails = put.thumbnails.into_iter().map(thumbnail).collect::<Result<_, _>>()?;
    Ok(LoggedCase { case: decode_case(&put.case)?, embeddings, local, thumbnails })
}

/// Encodes a deletion.
pub(crate) fn encode_delete(ids: &[CaseId]) -> Vec<u8> {
    let case_ids = ids.iter().map(|id| id.as_str().to_owned()).collect();
    OperationRecord { put: None, delete: Some(DeleteRecord { case_ids }) }.encode_to_vec()
}

/// Decodes the bytes of [`encode_put`] or [`encode_delete`].
pub(crate) fn decode_operation(bytes: &[u8]) -> Result<Operation, RecordError> {
    let record = OperationRecord::decode(bytes)?;
    match (record.put, record.delete) {
        (Some(put), None) => Ok(Operation::Put(Box::new(decode_put(put)?))),
        (None, Some(delete)) => {
            let ids = delete.case_ids.iter().map(|id| CaseId::new(id)).collect::<Result<Vec<_>, _>>()?;
            Ok(Operation::Delete(ids))
        }
        _ => Err(RecordError("an entry is neither a put nor a delete".to_owned())),
    }
}

/// Whether two vectors are equal, bit by bit.
pub(crate) fn same_bits(one: &[f32], other: &[f32]) -> bool {
    bytemuck::cast_slice::<f32, u8>(one) == bytemuck::cast_slice::<f32, u8>(other)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn full_case() -> Case {
        let mut case = Case::new(CaseId::new("CXR1").unwrap());
        case.patient = Some(PatientKey::new("17", Some("north")).unwrap());
        case.fields.insert("age".into(), vec![FieldValue::Integer(-3)]);
        case.fields.insert("kvp".into(), vec![FieldValue::Number(1.5)]);
        case.fields
            .insert("study_date".into(), vec![FieldValue::Date(PartialDate::parse("d", "2019-05").unwrap())]);
        case.fields.insert(
            "problems".into(),
            vec![FieldValue::Keyword("a".into()), FieldValue::Keyword("b".into())],
        );
        case.report = Some(
            Report::new([(SectionKind::Findings, "Clear lungs.\r\n"), (SectionKind::Impression, "Normal.")])
                .unwrap(),
        );
        case.images = vec![Image { name: "a.png".into(), view: Some("PA".into()) }, Image::default()];
        case
    }

    fn local_vectors() -> LocalVectors {
        // Of 17 numbers, so that rows are filled up.
        let values: Vec<f32> = (0..34).map(|place| if place % 17 == 3 { 1.0 } else { 0.0 }).collect();
        let patches = Patches::quantise(1, 2, 17, &values).unwrap();
        let (frame, extent) = (GridFrame::new(-1.0, 0.0, 9.0, 2.5).unwrap(), ImageExtent::new(7, 3).unwrap());
        LocalVectors {
            images: vec![(1, LocalImage::new(patches, frame, extent).unwrap())],
            sentences: vec![("Normal.".to_owned(), ByteVector::quantise(&values[..17]).unwrap())],
        }
    }

    fn picture() -> Thumbnail {
        let jpeg = [0xFF, 0xD8, 0xFF, 0xC0, 0, 11, 8, 0, 2, 0, 3, 1, 1, 0x11, 0];
        Thumbnail::new(jpeg.to_vec(), 3, 2).unwrap()
    }

    #[test]
    fn a_case_comes_back_as_it_went() {
        let case = full_case();
        assert!(decode_case(&encode_case(&case)).unwrap() == case);
        let bare = Case::new(CaseId::new("x").unwrap());
        assert!(decode_case(&encode_case(&bare)).unwrap() == bare);
        assert_eq!(decode_id(&encode_case(&case)).unwrap(), case.id);
        assert_eq!(decode_patient(&encode_case(&case)).unwrap(), case.patient);
        assert_eq!(decode_patient(&encode_case(&bare)).unwrap(), None);
    }

    #[test]
    fn operations_come_back_as_they_went() {
        let case = full_case();
        let space = precedent_vector::VectorSpace::new(16, precedent_vector::Metric::L2, "e").unwrap();
        let embedding = space.admit("e", &[0.25; 16]).unwrap();
        let mut entry = CaseEntry::new(case.clone(), vec![(1, embedding)]);
        for local in [false, true] {
            if local {
                (entry.local, entry.thumbnails) = (local_vectors(), vec![(0, picture())]);
            }
            let bytes = encode_put(encode_case(&case), &entry);
            let Operation::Put(read) = decode_operation(&bytes).unwrap() else { panic!("a put") };
            assert!(read.case == case && read.local == entry.local && read.thumbnails == entry.thumbnails);
            assert_eq!(read.embeddings, [(1, vec![0.25; 16])]);
        }
        let ids = [CaseId::new("a").unwrap(), CaseId::new("b").unwrap()];
        assert!(decode_operation(&encode_delete(&ids)).unwrap() == Operation::Delete(ids.to_vec()));
    }

    proptest! {
        #[test]
        fn any_bytes_are_an_operation_or_an_error(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = decode_operation(&bytes);
            let _ = decode_case(&bytes);
        }
    }
}
