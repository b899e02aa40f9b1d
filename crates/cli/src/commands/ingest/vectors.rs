//! The embeddings beside the manifests, and which is whose.

use crate::args::{EmbeddingsPer, IngestArgs};
use crate::exit::Failure;
use crate::output::counted;
use precedent_engine::Engine;
use precedent_query::QueryVector;
use precedent_sources::{ColumnMap, Manifest, NpyMatrix};

/// What the manifests hold, counted before anything is taken in.
#[derive(Debug, Default)]
struct Census {
    rows: u64,
    images: u64,
    /// Rows that cannot be read, whose images nobody knows.
    unreadable: u64,
    /// Whether some row has no image, or several.
    uneven: bool,
}

impl Census {
    fn of(args: &IngestArgs, engine: &Engine, map: &ColumnMap) -> Result<Self, Failure> {
        let mut census = Self::default();
        for source in &args.sources {
            for row in Manifest::open(source, map, &engine.definition().fields).map_err(Failure::input)? {
                census.rows += 1;
                match row.map_err(Failure::input)?.outcome {
                    Ok(case) => {
                        census.images += case.images.len() as u64;
                        census.uneven |= case.images.len() != 1;
                    }
                    Err(_) => census.unreadable += 1,
                }
            }
        }
        Ok(census)
    }

    /// Whether the embeddings are one per image, not one per row. Where that cannot be told for certain it is refused:
    /// an embedding under the wrong case would be found for years.
    fn pair(&self, embeddings: u64, asked: Option<EmbeddingsPer>) -> Result<bool, String> {
        let Self { rows, images, unreadable, uneven } = *self;
        let counts = format!("it has {embeddings} rows, the manifests {rows} rows and {images} images");
        let (by_row, by_image) = (embeddings == rows, embeddings == images);
        let per_image = match asked {
            Some(EmbeddingsPer::Row) if !by_row => return Err(format!("{counts}; give one for each row")),
            Some(EmbeddingsPer::Image) if !by_image && unreadable == 0 => {
                return Err(format!("{counts}; give one for each image"));
            }
            Some(per) => per == EmbeddingsPer::Image,
            None if by_row && by_image && uneven => {
                return Err(format!("{counts}, some of them unevenly; say --embeddings-per row or image"));
            }
            None if by_row => false,
            None if by_image || unreadable > 0 => true,
            None => return Err(format!("{counts}; give one for each")),
        };
        if per_image && unreadable > 0 {
            let problem = "cannot be read, so nobody knows how many embeddings to pass over";
            return Err(format!(
                "{counts}, and {} {problem}; mend them first",
                counted(unreadable, "row", "rows")
            ));
        }
        Ok(per_image)
    }
}

/// The embeddings beside the manifests: one per row, or one per image.
pub struct Vectors {
    matrix: NpyMatrix,
    encoder_id: String,
    per_image: bool,
    next: u64,
}

impl Vectors {
    /// Opens the file and holds it against the index and the manifests before anything is taken in.
    pub fn open(args: &IngestArgs, engine: &Engine, map: &ColumnMap) -> Result<Option<Self>, Failure> {
        let Some(path) = &args.embeddings else { return Ok(None) };
        let about = |error: &dyn std::fmt::Display| Failure::input(error).about(path.display());
        let matrix = NpyMatrix::open(path).map_err(Failure::input)?;
        let encoder_id = args.encoder_id.clone().unwrap_or_default();
        let Some(space) = &engine.definition().image_space else {
            return Err(about(
                &"the index has no image space; make one with init --dimension and --encoder-id",
            ));
        };
        if matrix.dimension() != space.dimension() {
            let (found, wanted) = (matrix.dimension(), space.dimension());
            return Err(about(&format!("its rows have {found} numbers, the index takes {wanted}")));
        }
        if matrix.rows() == 0 {
            return Err(about(&"it has no rows; give one for each row of the manifests"));
        }
        if encoder_id != space.encoder_id() {
            let wanted = space.encoder_id();
            return Err(about(&format!("--encoder-id {encoder_id}: the index holds embeddings of {wanted}")));
        }
        let per_image =
            Census::of(args, engine, map)?.pair(matrix.rows(), args.embeddings_per).map_err(|e| about(&e))?;
        Ok(Some(Self { matrix, encoder_id, per_image, next: 0 }))
    }

    /// The embeddings of the next case.
    pub fn of_case(&mut self, images: usize) -> Result<Vec<Option<QueryVector>>, Failure> {
        let wanted = if self.per_image { images } else { 1 };
        (0..wanted)
            .map(|_| {
                let mut values = Vec::new();
                self.matrix.read_row(self.next, &mut values).map_err(Failure::other)?;
                self.next += 1;
                Ok(Some(QueryVector { values, encoder_id: self.encoder_id.clone() }))
            })
            .collect()
    }

    /// Skips the embedding of a rejected row.
    pub fn pass_over(&mut self) {
        self.next += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn census(rows: u64, images: u64, unreadable: u64, uneven: bool) -> Census {
        Census { rows, images, unreadable, uneven }
    }

    #[test]
    fn embeddings_are_paired_only_where_there_is_one_way() {
        use EmbeddingsPer::{Image, Row};
        assert_eq!(census(3, 3, 0, false).pair(3, None), Ok(false));
        assert_eq!(census(3, 0, 0, true).pair(3, None), Ok(false));
        assert_eq!(census(3, 5, 0, true).pair(5, None), Ok(true));
        assert_eq!(census(3, 3, 0, true).pair(3, Some(Image)), Ok(true));
        assert_eq!(census(3, 3, 0, true).pair(3, Some(Row)), Ok(false));
        assert_eq!(census(3, 2, 1, false).pair(3, None), Ok(false));
        for (census, embeddings, asked, word) in [
            (census(3, 3, 0, true), 3, None, "--embeddings-per"),
            (census(3, 5, 0, true), 4, None, "give one for each"),
            (census(3, 4, 1, true), 5, None, "mend them first"),
            (census(3, 4, 1, true), 4, Some(Image), "mend them first"),
            (census(3, 5, 0, true), 5, Some(Row), "for each row"),
            (census(3, 5, 0, true), 3, Some(Image), "for each image"),
        ] {
            assert!(census.pair(embeddings, asked).unwrap_err().contains(word), "{census:?}");
        }
    }
}
