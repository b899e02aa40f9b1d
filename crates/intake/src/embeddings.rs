//! The embeddings beside the sources, and which is whose; and those that sources hold.

use crate::error::{Counts, EmbeddingsProblem};
use crate::inputs::Input;
use crate::options::{Embeddings, EmbeddingsPer, Options};
use crate::{Inputs, IntakeError};
use precedent_engine::{Engine, Violation};
use precedent_query::QueryVector;
use precedent_sources::{ColumnMap, NpyMatrix, SourceError};

/// Holds the embeddings that sources hold against the index and the options, before anything is ingested. Where the index takes
/// none and none are asked for, they are a column like any other that it does not keep.
pub(crate) fn check_held(inputs: &Inputs, engine: &Engine, options: &Options) -> Result<(), IntakeError> {
    let definition = engine.definition();
    let mut are_held = false;
    for input in inputs.all() {
        let Some(column) = input.embedding_column(&options.map, &definition.fields)? else { continue };
        are_held = true;
        let path = input.name().to_owned();
        if options.embeddings.is_some() || options.images.is_some() {
            return Err(IntakeError::EmbeddingsTwice { path, column });
        }
        let problem = match (&definition.image_space, &options.encoder_id) {
            (Some(_), None) => return Err(IntakeError::NoEncoderId { path, column }),
            (None, Some(_)) => EmbeddingsProblem::NoImageSpace,
            (Some(space), Some(given)) if given != space.encoder_id() => {
                EmbeddingsProblem::Encoder { given: given.clone(), wanted: space.encoder_id().to_owned() }
            }
            _ => continue,
        };
        return Err(IntakeError::Embeddings { path, problem });
    }
    match are_held || options.encoder_id.is_none() {
        true => Ok(()),
        false => Err(IntakeError::NothingOfEncoder),
    }
}

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
    fn of(inputs: &[Input], engine: &Engine, map: &ColumnMap) -> Result<Self, IntakeError> {
        let mut census = Self::default();
        for input in inputs {
            for row in input.rows(map, &engine.definition().fields)? {
                let row = row.map_err(IntakeError::Source)?;
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
    fn pair(&self, embeddings: u64, asked: Option<EmbeddingsPer>) -> Result<Pairing, EmbeddingsProblem> {
        use EmbeddingsProblem::{Ambiguous, Named, Neither, NotPerImage, NotPerRow, Unreadable};
        let Self { rows, images, unreadable, uneven, named } = *self;
        match asked {
            None if named > 0 => return Ok(Pairing::Named),
            Some(_) if named > 0 => return Err(Named),
            _ => {}
        }
        let counts = Counts { embeddings, rows, images };
        let (by_row, by_image) = (embeddings == rows, embeddings == images);
        let per_image = match asked {
            Some(EmbeddingsPer::Row) if !by_row => return Err(NotPerRow(counts)),
            Some(EmbeddingsPer::Image) if !by_image && unreadable == 0 => return Err(NotPerImage(counts)),
            Some(per) => per == EmbeddingsPer::Image,
            None if by_row && by_image && uneven => return Err(Ambiguous(counts)),
            None if by_row => false,
            None if by_image || unreadable > 0 => true,
            None => return Err(Neither(counts)),
        };
        if per_image && unreadable > 0 {
            return Err(Unreadable { counts, unreadable });
        }
        Ok(if per_image { Pairing::PerImage } else { Pairing::PerRow })
    }
}

/// The embeddings, each with its case.
pub(crate) struct Paired {
    matrix: NpyMatrix,
    encoder_id: String,
    pairing: Pairing,
    next: u64,
}

impl Paired {
    /// Opens the file and holds it against the index and the sources before anything is ingested.
    pub fn open(
        embeddings: &Embeddings,
        inputs: &Inputs,
        engine: &Engine,
        map: &ColumnMap,
    ) -> Result<Self, IntakeError> {
        let Embeddings { path, encoder_id, per } = embeddings;
        let refused = |problem| IntakeError::Embeddings { path: path.clone(), problem };
        let matrix = NpyMatrix::open(path).map_err(IntakeError::Source)?;
        let Some(space) = &engine.definition().image_space else {
            return Err(refused(EmbeddingsProblem::NoImageSpace));
        };
        let (found, wanted) = (matrix.dimension(), space.dimension());
        if found != wanted {
            return Err(refused(EmbeddingsProblem::Dimension { found, wanted }));
        }
        if matrix.rows() == 0 {
            return Err(refused(EmbeddingsProblem::Empty));
        }
        if encoder_id != space.encoder_id() {
            let (given, wanted) = (encoder_id.clone(), space.encoder_id().to_owned());
            return Err(refused(EmbeddingsProblem::Encoder { given, wanted }));
        }
        let census = Census::of(inputs.all(), engine, map)?;
        let pairing = census.pair(matrix.rows(), *per).map_err(refused)?;
        Ok(Self { matrix, encoder_id: encoder_id.clone(), pairing, next: 0 })
    }

    /// The embeddings of the next case, of which each image says which is its own, where it does.
    pub fn of_case(
        &mut self,
        images: usize,
        named: &[Option<u64>],
    ) -> Result<Result<Vec<Option<QueryVector>>, Violation>, IntakeError> {
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
            .map_err(IntakeError::Reading)
    }

    fn read(&mut self, row: u64) -> Result<QueryVector, SourceError> {
        let mut values = Vec::new();
        self.matrix.read_row(row, &mut values)?;
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
        assert_eq!(named.pair(1, Some(Row)), Err(EmbeddingsProblem::Named));
        for (census, embeddings, asked, word) in [
            (census(3, 3, 0, true), 3, None, "for rows or for images"),
            (census(3, 5, 0, true), 4, None, "give one for each"),
            (census(3, 4, 1, true), 5, None, "mend them first"),
            (census(3, 4, 1, true), 4, Some(Image), "mend them first"),
            (census(3, 5, 0, true), 5, Some(Row), "for each row"),
            (census(3, 5, 0, true), 3, Some(Image), "for each image"),
        ] {
            assert!(census.pair(embeddings, asked).unwrap_err().to_string().contains(word), "{census:?}");
        }
    }
}
