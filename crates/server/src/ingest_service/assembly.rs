//! Image files that come ahead of their case in chunks, put together.

use precedent_engine::{MAX_CASE_FILE_BYTES, Violation};
use precedent_model::MAX_IMAGES;
use precedent_wire::v1;
use std::collections::BTreeMap;

/// The chunks since the last case. What is wrong with them is told when their case comes.
#[derive(Default)]
pub(super) struct Assembly {
    /// By the place of the image.
    files: BTreeMap<u32, Vec<u8>>,
    /// Of every chunk that came, kept or not.
    bytes: usize,
    wrong: Option<Violation>,
    begun: bool,
}

impl Assembly {
    /// Whether no chunk came since the last case.
    pub(super) fn is_empty(&self) -> bool {
        !self.begun
    }

    /// Bytes of the chunks that are kept.
    pub(super) fn kept_bytes(&self) -> usize {
        self.files.values().map(Vec::len).sum()
    }

    /// Takes a chunk. After the first mistake nothing is kept, as the case will be rejected.
    pub(super) fn add(&mut self, chunk: v1::ImageChunk) {
        self.begun = true;
        self.bytes = self.bytes.saturating_add(chunk.data.len());
        let place = chunk.image_index;
        if place as usize >= MAX_IMAGES {
            let description = format!("is {place}; a case has at most {MAX_IMAGES} images, counted from 0");
            self.refuse(Violation::new("chunk.image_index", description));
        } else if self.bytes > MAX_CASE_FILE_BYTES {
            let description = format!(
                "bring the case above {MAX_CASE_FILE_BYTES} bytes of files, which is the limit; split the study"
            );
            self.refuse(Violation::new("case.images", format!("chunks {description}")));
        } else if self.wrong.is_none() {
            let file = self.files.entry(place).or_default();
            if file.is_empty() { *file = chunk.data } else { file.extend_from_slice(&chunk.data) }
        }
    }

    /// Gives the files to the images of their case.
    pub(super) fn fill(self, case: &mut v1::Case) -> Result<(), Vec<Violation>> {
        let Self { files, wrong, .. } = self;
        if let Some(wrong) = wrong {
            return Err(vec![wrong]);
        }
        let mut wrong = Vec::new();
        let images = case.images.len();
        for (place, file) in files {
            let field = format!("case.images[{place}].content");
            match case.images.get_mut(place as usize) {
                None => {
                    let description =
                        format!("came in chunks, but the case has {images} images; give each an entry");
                    wrong.push(Violation::new(field, description));
                }
                Some(image) if !image.content.is_empty() => {
                    let description = "came in chunks and in the case; give it once";
                    wrong.push(Violation::new(field, description));
                }
                Some(_) if file.is_empty() => {
                    let description = "came in chunks without a byte; give the file or leave the chunks out";
                    wrong.push(Violation::new(field, description));
                }
                Some(image) => image.content = file,
            }
        }
        if wrong.is_empty() { Ok(()) } else { Err(wrong) }
    }

    fn refuse(&mut self, violation: Violation) {
        self.files.clear();
        self.wrong.get_or_insert(violation);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chunk(image_index: u32, data: &[u8]) -> v1::ImageChunk {
        v1::ImageChunk { image_index, data: data.to_vec() }
    }

    fn filled(chunks: Vec<v1::ImageChunk>, images: usize) -> Result<Vec<Vec<u8>>, String> {
        let mut assembly = Assembly::default();
        chunks.into_iter().for_each(|chunk| assembly.add(chunk));
        let mut case = v1::Case { images: vec![v1::Image::default(); images], ..v1::Case::default() };
        let outcome = assembly.fill(&mut case);
        outcome.map_err(|wrong| format!("{}: {}", wrong[0].field, wrong[0].description))?;
        Ok(case.images.into_iter().map(|image| image.content).collect())
    }

    #[test]
    fn chunks_become_the_files_of_their_images() {
        let chunks = vec![chunk(1, b"ab"), chunk(0, b"x"), chunk(1, b"cd"), chunk(1, b"e")];
        assert_eq!(filled(chunks, 3).unwrap(), [b"x".to_vec(), b"abcde".to_vec(), Vec::new()]);
    }

    #[test]
    fn what_does_not_belong_rejects_the_case_by_its_field() {
        assert!(
            filled(vec![chunk(2, b"x")], 2)
                .unwrap_err()
                .starts_with("case.images[2].content: came in chunks")
        );
        assert!(filled(vec![chunk(0, b"")], 1).unwrap_err().contains("without a byte"));
        assert!(filled(vec![chunk(64, b"x")], 1).unwrap_err().starts_with("chunk.image_index: is 64"));
        let mut assembly = Assembly::default();
        assembly.add(chunk(0, b"x"));
        let image = v1::Image { content: b"y".to_vec(), ..v1::Image::default() };
        let mut case = v1::Case { images: vec![image], ..v1::Case::default() };
        assert!(assembly.fill(&mut case).unwrap_err()[0].description.contains("give it once"));
    }

    #[test]
    fn beyond_the_limit_nothing_is_kept() {
        let mut assembly = Assembly::default();
        let large = vec![0; MAX_CASE_FILE_BYTES / 4];
        for _ in 0..5 {
            assembly.add(chunk(0, &large));
        }
        assembly.add(chunk(0, b"more"));
        assert!(assembly.files.is_empty() && !assembly.is_empty());
        let mut case = v1::Case { images: vec![v1::Image::default()], ..v1::Case::default() };
        let wrong = assembly.fill(&mut case).unwrap_err();
        assert!(wrong[0].field == "case.images" && wrong[0].description.contains("268435456 bytes"));
    }
}
