//! The embeddings beside the manifests, and which is whose.

use super::inputs::Input;
use crate::args::{EmbeddingsPer, IngestArgs};
use crate::exit::Failure;
use crate::output::counted;
use precedent_engine::{Engine, Violation};
use precedent_query::QueryVector;
use precedent_sources::{ColumnMap, NpyMatrix};

/// What the manifests hold, counted before anything is taken in.
#[derive(Debug, Default)]
struct Census {
    rows: u64,
    images: u64,
    /// Rows that cannot be read, whose images nobody knows.
    unreadable: u64,
    /// Whether some row has no image, or several.
    uneven: bool,
    /// Rows whose images say which embedding is theirs.
    named: u64,
}

/// Which embedding is whose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pairing {
    /// One after the other, one for each row.
    PerRow,
    /// One after the other, one for each image.
    PerImage,
    /// As the images say; the other rows have none.
    Named,
}

impl Census {
    fn of(inputs: &[Input], engine: &Engine, map: &ColumnMap) -> Result<Self, Failure> {
        let mut census = Self::default();
        for input in inputs {
            for row in input.rows(map, &engine.definition().fields)? {
                let row = row.map_err(Failure::input)?;
                census.rows += 1;
                census.named += u64::from(row.embedding_rows.is_some());
                match row.outcome {
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

    /// Which embedding is whose. Where that cannot be told for certain it is refused: an embedding under the wrong case would
    /// be found for years.
    fn pair(&self, embeddings: u64, asked: Option<EmbeddingsPer>) -> Result<Pairing, String> {
        let Self { rows, images, unreadable, uneven, named } = *self;
        match asked {
            None if named > 0 => return Ok(Pairing::Named),
            Some(_) if named > 0 => {
                return Err("images say which row is theirs; leave --embeddings-per out".to_owned());
            }
            _ => {}
        }
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
        Ok(if per_image { Pairing::PerImage } else { Pairing::PerRow })
    }
}

/// The embeddings beside the manifests.
pub struct Vectors {
    matrix: NpyMatrix,
    encoder_id: String,
    pairing: Pairing,
    next: u64,
}

impl Vectors {
    /// Opens the file and holds it against the index and the manifests before anything is taken in.
    pub fn open(
        args: &IngestArgs,
        inputs: &[Input],
        engine: &Engine,
        map: &ColumnMap,
    ) -> Result<Option<Self>, Failure> {
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
        let census = Census::of(inputs, engine, map)?;
        let pairing = census.pair(matrix.rows(), args.embeddings_per).map_err(|e| about(&e))?;
        Ok(Some(Self { matrix, encoder_id, pairing, next: 0 }))
    }

    /// The embeddings of the next case, of which each image says which is its own, where it does.
    pub fn of_case(
        &mut self,
        images: usize,
        named: &[Option<u64>],
    ) -> Result<Result<Vec<Option<QueryVector>>, Violation>, Failure> {
        let rows: Vec<Option<u64>> = match self.pairing {
            Pairing::Named => named.to_vec(),
            Pairing::PerRow => vec![Some(self.next)],
            Pairing::PerImage => (self.next..).take(images).map(Some).collect(),
        };
        let there = self.matrix.rows();
        let wrong = |row: &Option<u64>| row.is_some_and(|row| row >= there);
        if let (Pairing::Named, Some(image)) = (self.pairing, rows.iter().position(wrong)) {
            let field = format!("images[{image}].embedding_row");
            let problem =
                format!("is no row of the embeddings, which have {there}, counted from 0; correct it");
            return Ok(Err(Violation::new(field, problem)));
        }
        self.next += rows.len() as u64;
        rows.into_iter()
            .map(|row| row.map(|row| self.read(row)).transpose())
            .collect::<Result<_, _>>()
            .map(Ok)
    }

    fn read(&mut self, row: u64) -> Result<QueryVector, Failure> {
        let mut values = Vec::new();
        self.matrix.read_row(row, &mut values).map_err(Failure::other)?;
        Ok(QueryVector { values, encoder_id: self.encoder_id.clone() })
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
        Census { rows, images, unreadable, uneven, named: 0 }
    }

    #[test]
    fn embeddings_are_paired_only_where_there_is_one_way() {
        use EmbeddingsPer::{Image, Row};
        assert_eq!(census(3, 3, 0, false).pair(3, None), Ok(Pairing::PerRow));
        assert_eq!(census(3, 0, 0, true).pair(3, None), Ok(Pairing::PerRow));
        assert_eq!(census(3, 5, 0, true).pair(5, None), Ok(Pairing::PerImage));
        assert_eq!(census(3, 3, 0, true).pair(3, Some(Image)), Ok(Pairing::PerImage));
        assert_eq!(census(3, 3, 0, true).pair(3, Some(Row)), Ok(Pairing::PerRow));
        assert_eq!(census(3, 2, 1, false).pair(3, None), Ok(Pairing::PerRow));
        let named = Census { named: 2, ..census(3, 4, 1, true) };
        assert_eq!(named.pair(1, None), Ok(Pairing::Named));
        assert!(named.pair(1, Some(Row)).unwrap_err().contains("leave --embeddings-per out"));
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
