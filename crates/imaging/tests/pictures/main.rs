//! Files in, pictures or named refusals out.

#[cfg(test)]
mod cases;
#[cfg(test)]
mod corpus;
#[cfg(test)]
mod dicom;
#[cfg(test)]
mod hostile;
#[cfg(test)]
mod jpegls;
#[cfg(test)]
mod large;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod rasters;
#[cfg(test)]
mod reference;
#[cfg(test)]
mod support;
#[cfg(test)]
mod variants;
