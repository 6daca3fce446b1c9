//! What the fuzz targets share: the properties that hold for any input.
pub mod properties;
