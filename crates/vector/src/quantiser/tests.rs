use super::*;

/// Vectors near a plane of `inner` dimensions, deterministic, of length 1 under cosine.
fn vectors(metric: Metric, count: usize, dimension: usize, inner: usize) -> Vec<Vec<f32>> {
    let mut state = 77_u64;
    let mut next = move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f32 / (1_u64 << 23) as f32 - 1.0
    };
    let axes: Vec<Vec<f32>> = (0..inner).map(|_| (0..dimension).map(|_| next()).collect()).collect();
    (0..count)
        .map(|_| {
            let along: Vec<f32> = (0..inner).map(|_| next()).collect();
            let mut vector: Vec<f32> = (0..dimension)
                .map(|d| {
                    axes.iter().zip(&along).map(|(axis, a)| a * axis[d]).sum::<f32>() + 0.05 * next() + 0.3
                })
                .collect();
            if metric == Metric::Cosine {
                let length = dot(&vector, &vector).sqrt();
                vector.iter_mut().for_each(|value| *value /= length);
            }
            vector
        })
        .collect()
}

fn learnt(metric: Metric, vectors: &[Vec<f32>]) -> Quantiser {
    let row = |row: usize| Ok::<_, std::convert::Infallible>(vectors[row].as_slice());
    Quantiser::learn(metric, vectors[0].len(), vectors.len(), 1, row).unwrap()
}

#[test]
fn estimates_are_near_the_distances_and_nearer_with_the_rest() {
    for (metric, dimension) in [(Metric::Cosine, 200), (Metric::Dot, 40), (Metric::L2, 130), (Metric::L2, 16)]
    {
        let vectors = vectors(metric, 600, dimension, 12);
        let quantiser = learnt(metric, &vectors);
        let encoder = quantiser.encoder();
        let mut first = vec![0; vectors.len() * quantiser.shape().bytes()];
        let mut rest = vec![0; vectors.len() * quantiser.rest_shape().bytes()];
        let mut coordinates = Vec::new();
        let places =
            first.chunks_mut(quantiser.shape().bytes()).zip(rest.chunks_mut(quantiser.rest_shape().bytes()));
        for (vector, (first, rest)) in vectors.iter().zip(places) {
            encoder.encode(vector, &mut coordinates, first, rest);
        }
        let (table, rests) =
            (CodeTable::new(&first, quantiser.shape()), CodeTable::new(&rest, quantiser.rest_shape()));
        let mut query = PreparedQuery::default();
        let (mut errors, mut with_rest, mut spread) = (0.0, 0.0, 0.0);
        for vector in vectors.iter().step_by(40) {
            quantiser.prepare(vector, &mut query);
            quantiser.prepare_rest(&mut query);
            let own = query.own_term;
            for (node, other) in (0..).zip(&vectors) {
                let mut keys = [0; GROUP];
                table.nearer(&[node], query.first.view(), u32::MAX, &mut keys).unwrap();
                let estimate = (crate::key_value(keys[0]) + own) * query.scale;
                let product = rests.products(&[node], query.rest.view()).unwrap()[0];
                let exact = metric.distance_fn()(vector, other);
                errors += f64::from(estimate - exact).powi(2);
                with_rest += f64::from(estimate - product * query.scale - exact).powi(2);
                spread += f64::from(exact - own * query.scale).powi(2);
            }
        }
        assert!(errors < 0.01 * spread, "{metric:?} {dimension}: {errors} of {spread}");
        assert!(with_rest <= errors * 1.01, "{metric:?} {dimension}: {with_rest} and {errors}");
    }
}

#[test]
fn a_quantiser_reads_back_and_no_other_length_does() {
    let quantiser = learnt(Metric::L2, &vectors(Metric::L2, 300, 70, 9));
    let bytes = quantiser.to_bytes();
    assert_eq!(Quantiser::from_bytes(&bytes).unwrap().to_bytes(), bytes);
    for length in [0, 47, 48, bytes.len() - 1] {
        assert!(Quantiser::from_bytes(&bytes[..length]).is_err(), "{length}");
    }
    for place in 0..48 {
        let mut changed = bytes.clone();
        changed[place] ^= 0x80;
        // A changed step or metric may be another good quantiser; nothing may panic.
        let _ = Quantiser::from_bytes(&changed);
    }
    let mut changed = bytes;
    changed[48..52].copy_from_slice(&f32::NAN.to_le_bytes());
    let error = Quantiser::from_bytes(&changed).unwrap_err().to_string();
    assert!(error.contains("number") && error.contains("48"), "{error}");
}

#[test]
fn few_or_equal_vectors_give_a_quantiser_too() {
    for vectors in [vec![vec![1.0; 20]], vec![vec![0.5; 20]; 50], vec![vec![0.0; 16]; 3]] {
        let quantiser = learnt(Metric::L2, &vectors);
        let mut query = PreparedQuery::default();
        quantiser.prepare(&vectors[0], &mut query);
        let encoder = quantiser.encoder();
        let mut code = vec![0; quantiser.shape().bytes()];
        encoder.encode(&vectors[0], &mut Vec::new(), &mut code, &mut []);
        let mut keys = [0; GROUP];
        assert_eq!(
            CodeTable::new(&code, quantiser.shape()).nearer(&[0], query.first.view(), u32::MAX, &mut keys),
            Some(1)
        );
    }
}
