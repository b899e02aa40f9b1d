//! Why an ingest fails, in the words of its flags.

use super::IngestArgs;
use crate::exit::Failure;
use precedent_intake::{EmbeddingsProblem, FolderProblem, ImagesProblem, IntakeError};

/// The failure, with the flag that mends it.
pub fn failure(error: IntakeError, args: &IngestArgs) -> Failure {
    match error {
        IntakeError::Engine(error) => error.into(),
        IntakeError::Watch(error) => error.into(),
        IntakeError::Reading(error) => Failure::other(error),
        IntakeError::StandardInputTwice => Failure::input("standard input can be read once; give - once"),
        IntakeError::NoEmbeddings { .. } => {
            Failure::input(error).advised(Some("--embeddings and --encoder-id"))
        }
        IntakeError::NoEncoderId { .. } => Failure::input(error).advised(Some("--encoder-id")),
        IntakeError::EmbeddingsTwice { .. } => {
            Failure::input(error).advised(Some("--embeddings and --images give others"))
        }
        IntakeError::NothingOfEncoder => Failure::input(
            "--encoder-id says which encoder made embeddings, and no source holds any; give them with --embeddings, or in the column \
             embedding of a .parquet file",
        ),
        IntakeError::Embeddings { path, problem } => {
            let said = match &problem {
                EmbeddingsProblem::NoImageSpace => {
                    "the index has no image space; make one with init --dimension and --encoder-id".to_owned()
                }
                EmbeddingsProblem::Encoder { given, wanted } => {
                    format!("--encoder-id {given}: the index holds embeddings of {wanted}")
                }
                EmbeddingsProblem::Named => {
                    "images say which row is theirs; leave --embeddings-per out".to_owned()
                }
                EmbeddingsProblem::Ambiguous(_) => format!("{problem} (--embeddings-per row or image)"),
                other => other.to_string(),
            };
            Failure::input(said).about(path.display())
        }
        IntakeError::Folder { path, problem: FolderProblem::ImagesBeside } => {
            let problem = "is a folder of DICOM files, which are read from there; leave --images out";
            Failure::input(problem).about(path.display())
        }
        IntakeError::Images { root, problem } => {
            let given = args.images.as_ref().is_some_and(|images| *images == root);
            let flag = if given { "--images " } else { "" };
            let failure = match problem {
                ImagesProblem::NoEncoder(violation) => Failure::of_violation(&violation),
                ImagesProblem::NoFolder => Failure::input(problem),
            };
            failure.about(format!("{flag}{}", root.display()))
        }
        IntakeError::Source(_) | IntakeError::Folder { .. } => Failure::input(error),
    }
}
