//! What became of pictures and words.

use crate::{case, small};
use precedent_engine::EncodedImage;
use precedent_query::QueryVector;
use precedent_wire::v1;

/// A picture's embedding, its size, and its patches where they are asked for.
pub fn image(encoded: EncodedImage, notice: Option<&str>, with_patches: bool) -> v1::EncodeImageResponse {
    let (rows, columns) = encoded.original;
    let dimension = encoded.embedding.values.len();
    let patches = encoded.patches;
    v1::EncodeImageResponse {
        embedding: Some(case::embedding_to_wire(encoded.embedding)),
        original_width_pixels: columns,
        original_height_pixels: rows,
        notice: notice.unwrap_or_default().to_owned(),
        patches: with_patches.then(|| v1::PatchGrid {
            side: small(patches.side),
            dimension: small(dimension),
            values: patches.values,
        }),
    }
}

/// A text's embedding.
pub fn text(encoded: QueryVector, notice: Option<&str>) -> v1::EncodeTextResponse {
    v1::EncodeTextResponse {
        embedding: Some(case::embedding_to_wire(encoded)),
        notice: notice.unwrap_or_default().to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use precedent_engine::{HeaderFacts, PatchGrid};

    fn encoded() -> EncodedImage {
        EncodedImage {
            embedding: QueryVector { values: vec![0.6, 0.8], encoder_id: "enc".into() },
            patches: PatchGrid { side: 1, values: vec![1.0, 0.0] },
            local: None,
            original: (30, 20),
            facts: HeaderFacts::default(),
        }
    }

    #[test]
    fn a_picture_s_parts_arrive_under_their_names() {
        let sent = image(encoded(), Some("demo"), true);
        let embedding = sent.embedding.unwrap();
        assert_eq!((embedding.values, embedding.encoder_id.as_str()), (vec![0.6, 0.8], "enc"));
        assert_eq!((sent.original_width_pixels, sent.original_height_pixels), (20, 30));
        assert_eq!(sent.notice, "demo");
        let patches = sent.patches.unwrap();
        assert_eq!((patches.side, patches.dimension, patches.values), (1, 2, vec![1.0, 0.0]));
        assert!(image(encoded(), None, false).patches.is_none());
    }
}
