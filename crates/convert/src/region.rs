//! Parts of the images of a request.

use precedent_engine::Violation;
use precedent_model::{ImageExtent, Mask, ModelError, Outline, Polygon, Region};
use precedent_query::QueryRegion;
use precedent_wire::v1;
use precedent_wire::v1::query_region::Outline as Wire;

/// The regions of a request; adds to `violations` what is wrong with them.
pub(crate) fn regions(wire: Vec<v1::QueryRegion>, violations: &mut Vec<Violation>) -> Vec<QueryRegion> {
    let mut regions = Vec::with_capacity(wire.len());
    for (index, region) in wire.into_iter().enumerate() {
        match region.outline.map(outline) {
            Some(Ok(outline)) => regions.push(QueryRegion { image: region.image_index as usize, outline }),
            Some(Err(ModelError { field, problem, remedy })) => {
                violations.push(Violation::new(
                    format!("regions[{index}].{field}"),
                    format!("{problem}; {remedy}"),
                ));
            }
            None => violations.push(Violation::new(
                format!("regions[{index}]"),
                "has no outline; give a box, polygon or mask",
            )),
        }
    }
    regions
}

fn outline(wire: Wire) -> Result<Outline, ModelError> {
    match wire {
        Wire::Box(v1::PixelBox { x, y, width, height }) => Ok(Outline::Box(Region { x, y, width, height })),
        Wire::Polygon(polygon) => {
            let vertices: Vec<[f32; 2]> = polygon.vertices.iter().map(|point| [point.x, point.y]).collect();
            Polygon::new(&vertices).map(Outline::Polygon)
        }
        Wire::Mask(mask) => marked(&mask).map(Outline::Mask),
    }
}

fn marked(wire: &v1::PixelMask) -> Result<Mask, ModelError> {
    let extent = ImageExtent::new(wire.width, wire.height)
        .map_err(|error| ModelError { field: "mask".to_owned(), ..error })?;
    let pixels = wire.width as usize * wire.height as usize;
    let is_whole = wire.bits.len() == pixels.div_ceil(8);
    let is_marked = |pixel: usize| wire.bits[pixel / 8] >> (pixel % 8) & 1 == 1;
    if !is_whole || (pixels..8 * wire.bits.len()).any(is_marked) {
        let problem = format!("has {} bytes that are not a bit for each of {pixels} pixels", wire.bits.len());
        return Err(ModelError::new("mask", problem, "give a bit for each pixel, and 0 behind the last"));
    }
    Mask::new(extent, (0..pixels).map(is_marked).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(outline: Option<Wire>) -> Result<Outline, String> {
        let mut wrong = Vec::new();
        let found = regions(vec![v1::QueryRegion { image_index: 2, outline }], &mut wrong);
        match (found.into_iter().next(), wrong.into_iter().next()) {
            (Some(region), None) if region.image == 2 => Ok(region.outline),
            (None, Some(wrong)) => Err(format!("{}: {}", wrong.field, wrong.description)),
            other => panic!("{other:?}"),
        }
    }

    fn polygon(vertices: &[(f32, f32)]) -> Option<Wire> {
        let vertices = vertices.iter().map(|&(x, y)| v1::PixelPoint { x, y }).collect();
        Some(Wire::Polygon(v1::PixelPolygon { vertices }))
    }

    fn mask(width: u32, height: u32, bits: &[u8]) -> Option<Wire> {
        Some(Wire::Mask(v1::PixelMask { width, height, bits: bits.to_vec() }))
    }

    #[test]
    fn outlines_are_those_of_the_protocol() {
        let square = v1::PixelBox { x: 1, y: 2, width: 3, height: 4 };
        assert_eq!(
            read(Some(Wire::Box(square))),
            Ok(Outline::Box(Region { x: 1, y: 2, width: 3, height: 4 }))
        );
        let triangle = Polygon::new(&[[0.0, 0.0], [4.5, 0.0], [0.0, 4.0]]).unwrap();
        assert_eq!(read(polygon(&[(0.0, 0.0), (4.5, 0.0), (0.0, 4.0)])), Ok(Outline::Polygon(triangle)));
        // The first and the last of nine pixels.
        let mut marked = vec![false; 9];
        (marked[0], marked[8]) = (true, true);
        let expected = Mask::new(ImageExtent::new(3, 3).unwrap(), marked).unwrap();
        assert_eq!(read(mask(3, 3, &[1, 1])), Ok(Outline::Mask(expected)));
    }

    #[test]
    fn what_is_no_outline_is_refused_by_its_name() {
        for (outline, part) in [
            (None, "regions[0]: has no outline"),
            (polygon(&[(0.0, 0.0), (1.0, 1.0)]), "regions[0].polygon"),
            (polygon(&[(0.0, 0.0), (4.0, 4.0), (4.0, 0.0), (0.0, 4.0)]), "regions[0].polygon"),
            (polygon(&[(0.0, 0.0), (f32::NAN, 4.0), (4.0, 0.0)]), "regions[0].polygon"),
            (mask(3, 3, &[1]), "regions[0].mask: has 1 bytes"),
            (mask(3, 3, &[1, 3]), "regions[0].mask: has 2 bytes"),
            (mask(3, 3, &[0, 0]), "regions[0].mask"),
            (mask(0, 3, &[]), "regions[0].mask"),
        ] {
            let problem = read(outline).unwrap_err();
            assert!(problem.starts_with(part), "{problem}");
        }
    }
}
