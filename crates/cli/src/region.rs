//! Parts of query images on the command line.

use precedent_wire::v1;
use precedent_wire::v1::query_region::Outline;

/// A box `X,Y,WIDTH,HEIGHT` or the vertices of a polygon `X,Y X,Y X,Y`, behind `N:` for the N-th image from 0.
///
/// # Errors
/// What is wrong, and how to write it.
pub fn region(text: &str) -> Result<v1::QueryRegion, String> {
    let (image, outline) = text.split_once(':').unwrap_or(("0", text));
    let image_index = image.trim().parse().map_err(|_| {
        format!("{image:?} counts no image; write N: before the outline, N from 0, or leave it out")
    })?;
    let points: Vec<&str> = outline.split_whitespace().collect();
    let outline = match points.as_slice() {
        [] | [_] => {
            let [x, y, width, height] = numbers(outline.trim())?;
            Outline::Box(v1::PixelBox { x, y, width, height })
        }
        points => {
            let vertex = |point: &&str| numbers(point).map(|[x, y]| v1::PixelPoint { x, y });
            Outline::Polygon(v1::PixelPolygon {
                vertices: points.iter().map(vertex).collect::<Result<_, _>>()?,
            })
        }
    };
    Ok(v1::QueryRegion { image_index, outline: Some(outline) })
}

fn numbers<T: std::str::FromStr, const COUNT: usize>(text: &str) -> Result<[T; COUNT], String> {
    let numbers: Option<Vec<T>> = text.split(',').map(|number| number.trim().parse().ok()).collect();
    numbers.and_then(|numbers| numbers.try_into().ok()).ok_or_else(|| {
        format!(
            "{text:?} is no outline in pixels; write a box as X,Y,WIDTH,HEIGHT, or a polygon as X,Y X,Y X,Y"
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn boxes_and_polygons_are_read() {
        let found = region("10,20,30,40").unwrap();
        let expected = v1::PixelBox { x: 10, y: 20, width: 30, height: 40 };
        assert_eq!((found.image_index, found.outline), (0, Some(Outline::Box(expected))));
        let found = region("1: 0,0 10.5,0 0,9").unwrap();
        let Some(Outline::Polygon(polygon)) = found.outline else { panic!("{found:?}") };
        assert_eq!((found.image_index, polygon.vertices[1]), (1, v1::PixelPoint { x: 10.5, y: 0.0 }));
    }

    #[test]
    fn what_is_no_region_is_told_with_how_to_write_one() {
        for (text, part) in [
            ("", "X,Y,WIDTH,HEIGHT"),
            ("1,2,3", "\"1,2,3\""),
            ("-1,2,3,4", "no outline"),
            ("1.5,2,3,4", "no outline"),
            ("1,2 3,4 5", "\"5\""),
            ("first:1,2,3,4", "counts no image"),
        ] {
            let problem = region(text).unwrap_err();
            assert!(problem.contains(part), "{text}: {problem}");
        }
    }
}
