//! What `Debug` says of messages that lead to a person: their name, and nothing of what they hold.

use crate::v1;
use std::fmt;

macro_rules! hidden {
    ($($message:ident),* $(,)?) => {$(
        impl fmt::Debug for v1::$message {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($message), "(hidden)"))
            }
        }
    )*};
}

hidden!(
    PatientKey,
    Embedding,
    Image,
    Section,
    Report,
    FieldValues,
    Case,
    SearchRequest,
    Guards,
    AppliedGuards,
    SearchResponse,
    Plan,
    Warning,
    TextCorrection,
    Hit,
    BatchSearchRequest,
    BatchSearchResponse,
    GetCaseRequest,
    GetCaseResponse,
    BatchGetCasesRequest,
    BatchGetCasesResponse,
    GetThumbnailRequest,
    GetThumbnailResponse,
    ListCasesRequest,
    ListCasesResponse,
    ReadReportRequest,
    IngestCasesRequest,
    IngestCasesResponse,
    DeleteCasesRequest,
    DeleteCasesResponse,
    QueryImage,
    ImageChunk,
    EncodeImageRequest,
    EncodeImageResponse,
    PatchGrid,
    EncodeTextRequest,
    EncodeTextResponse,
    EncodedQueryImage,
    Facet,
    FacetValue,
    Dissent,
    FindingDissent,
    LocalPatches,
    ExplainedImage,
    ImageLocation,
);

#[cfg(test)]
mod tests {
    use crate::{FILE_DESCRIPTOR_SET, v1};
    use prost::Message;

    #[test]
    fn debug_shows_nothing_of_a_case() {
        let case = v1::Case {
            case_id: "CANARY-1".into(),
            patient: Some(v1::PatientKey { id: "CANARY-2".into(), issuer: String::new() }),
            report: Some(v1::Report {
                sections: vec![v1::Section { kind: v1::SectionKind::Body.into(), text: "CANARY-3".into() }],
            }),
            ..v1::Case::default()
        };
        let hit = v1::Hit { case: Some(case.clone()), ..v1::Hit::default() };
        let get = v1::GetCaseRequest { case_id: "CANARY-4".into(), ..v1::GetCaseRequest::default() };
        let chunk = v1::ImageChunk { image_index: 0, data: b"CANARY-5".to_vec() };
        let words = v1::EncodeTextRequest { text: "CANARY-6".into(), ..v1::EncodeTextRequest::default() };
        for shown in [
            format!("{case:?}"),
            format!("{:?}", case.patient),
            format!("{hit:?}"),
            format!("{get:?}"),
            format!("{chunk:?}"),
            format!("{words:?}"),
        ] {
            assert!(!shown.contains("CANARY") && shown.contains("hidden"), "{shown}");
        }
    }

    #[test]
    fn the_descriptors_name_every_service() {
        let set = prost_types::FileDescriptorSet::decode(FILE_DESCRIPTOR_SET).unwrap();
        let mut services: Vec<&str> =
            set.file.iter().flat_map(|file| &file.service).map(|s| s.name()).collect();
        services.sort_unstable();
        assert_eq!(
            services,
            ["EncodeService", "IndexService", "IngestService", "ReportService", "SearchService"]
        );
    }
}
