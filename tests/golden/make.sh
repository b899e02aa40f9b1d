#!/bin/sh
# Writes the golden index of the format that a program writes: make.sh PROGRAM FOLDER, such as
#   tests/golden/make.sh target/release/precedent tests/golden/v8
# FOLDER holds definition.toml, cases.jsonl and vectors.npy, and more.jsonl and more.npy. An index of a released format is never written again.
set -eu
program=$1 folder=$2 index=$2/index
scratch=$(mktemp -d)
first=$scratch/first.jsonl
trap 'rm -r "$scratch"' EXIT

rm -rf "$index"
"$program" init "$index" --definition "$folder/definition.toml"
# A2 comes in another form first, so that there is a dead case, and a small segment beside the one with a graph.
sed 's/No acute disease/No acute finding/' "$folder/cases.jsonl" > "$first"
ingest() { "$program" ingest "$index" "$@" --encoder-id golden-1; }
ingest "$first" --embeddings "$folder/vectors.npy" --merge
ingest "$folder/cases.jsonl" --embeddings "$folder/vectors.npy" --no-merge
# Enough of them that they get codes, and no graph.
ingest "$folder/more.jsonl" --embeddings "$folder/more.npy" --no-merge
"$program" verify "$index"
rm -f "$index/writer.lock"
