//! Attention and products of maps against their definitions in `f64`, on every tier.
#![allow(clippy::expect_used, clippy::panic)]

mod reference;

use danqing_capability::CancelToken;
use danqing_nn::{
    Attention, Conv2d, Conv2dConfig, ConvTranspose2d, ConvTranspose2dConfig, Engine, EngineConfig, Epilogue, Error,
    FeatureMap, Shape, Weight, affine, matmul, matmul_transposed,
};
use reference::{Random, Sum, assert_sums, engines};

const EPS: f64 = f32::EPSILON as f64;

struct Case {
    batch: usize,
    queries: usize,
    keys: usize,
    heads: usize,
    size: usize,
    is_causal: bool,
    /// Pictures and heads of the mask.
    mask: Option<(usize, usize)>,
}

fn tokens(engine: &Engine, random: &mut Random, batch: usize, count: usize, channels: usize) -> FeatureMap {
    let shape = Shape::new(batch, 1, count, channels);
    let values = random.values(shape.elements().expect("small"));
    FeatureMap::from_nhwc(engine, shape, values).expect("fits")
}

/// Checks every value of one query and head.
fn check(case: &Case, maps: [&[f32]; 4], mask: Option<&[f32]>, (n, query, head): (usize, usize, usize)) {
    let [q, k, v, y] = maps;
    let (size, channels) = (case.size, case.heads * case.size);
    let scale = 1.0 / (size as f64).sqrt();
    let row = |map: &[f32], count: usize, token: usize, c: usize| {
        f64::from(map[(n * count + token) * channels + head * size + c])
    };
    let mut largest = 0.0_f64;
    let scores: Vec<f64> = (0..case.keys)
        .map(|key| {
            let products = (0..size).map(|c| row(q, case.queries, query, c) * row(k, case.keys, key, c));
            let (sum, magnitude) = products.fold((0.0, 0.0), |(s, m), p| (s + p, m + p.abs()));
            largest = largest.max(magnitude * scale);
            let (pictures, heads) = case.mask.unwrap_or((1, 1));
            let line = ((n % pictures) * heads + head % heads) * case.queries + query;
            let added = mask.map_or(0.0, |mask| f64::from(mask[line * case.keys + key]));
            if case.is_causal && key > query { f64::NEG_INFINITY } else { sum * scale + added }
        })
        .collect();
    let top = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let weights: Vec<f64> = scores.iter().map(|score| (score - top).exp()).collect();
    let total: f64 = weights.iter().sum();
    for c in 0..size {
        let exact = weights.iter().enumerate().map(|(key, w)| w * row(v, case.keys, key, c)).sum::<f64>() / total;
        let actual = row(y, case.queries, query, c);
        // Masks are of magnitude 1, so that a score is rounded at `largest + 1` at most.
        let bound = (4.0 * (size as f64 + 4.0) * (largest + 1.0) + 1.04 * case.keys as f64 + 16.0) * EPS;
        let error = (actual - exact).abs();
        assert!(error <= bound, "{query} of {}, head {head}: {actual}, exact {exact}, bound {bound:e}", case.queries);
    }
}

#[test]
fn attention_equals_its_definition() -> Result<(), Error> {
    let case = |batch, queries, keys, heads, size, is_causal, mask| Case {
        batch,
        queries,
        keys,
        heads,
        size,
        is_causal,
        mask,
    };
    let cases = [
        case(1, 1, 1, 1, 8, false, None),
        case(2, 99, 77, 2, 40, false, None),
        case(1, 7, 530, 1, 64, false, None),
        case(1, 300, 300, 2, 16, true, None),
        case(1, 77, 77, 3, 64, true, None),
        case(2, 33, 29, 2, 80, false, Some((1, 1))),
        case(2, 20, 300, 2, 9, false, Some((2, 2))),
        case(1, 13, 17, 1, 160, true, Some((1, 1))),
        case(1, 5, 40, 1, 512, false, None),
        case(1, 101, 101, 1, 512, true, None),
        case(1, 97, 193, 1, 24, false, Some((1, 1))),
        case(3, 17, 96, 5, 10, true, None),
        case(1, 8, 97, 1, 6, false, None),
    ];
    let mut random = Random::new(31);
    for engine in engines() {
        for case in &cases {
            let channels = case.heads * case.size;
            let q = affine(&engine, tokens(&engine, &mut random, case.batch, case.queries, channels), 3.0, 0.0)?;
            let k = tokens(&engine, &mut random, case.batch, case.keys, channels);
            let v = tokens(&engine, &mut random, case.batch, case.keys, channels);
            let mask = case.mask.map(|(batch, heads)| {
                let shape = Shape::new(batch, heads, case.queries, case.keys);
                FeatureMap::from_nhwc(&engine, shape, random.values(shape.elements().expect("small"))).expect("fits")
            });
            let mut attention = Attention::new(case.heads);
            attention = if case.is_causal { attention.causal() } else { attention };
            attention = mask.as_ref().map_or(attention, |mask| attention.with_mask(mask));
            let y = attention.forward(&engine, &q, &k, &v)?;
            assert_eq!(y.shape(), q.shape());
            let mask = mask.as_ref().map(FeatureMap::as_slice).transpose()?;
            let maps = [q.as_slice()?, k.as_slice()?, v.as_slice()?, y.as_slice()?];
            for index in 0..case.batch * case.queries * case.heads {
                let (head, token) = (index % case.heads, index / case.heads);
                check(case, maps, mask, (token / case.queries, token % case.queries, head));
            }
        }
    }
    Ok(())
}

#[test]
fn hidden_keys_have_no_weight_at_all_and_a_blind_query_is_not_a_number() -> Result<(), Error> {
    let mut random = Random::new(32);
    for engine in engines() {
        let (q, k) = (tokens(&engine, &mut random, 1, 4, 8), tokens(&engine, &mut random, 1, 300, 8));
        // Only key 290 is seen by the first three queries, none by the last.
        let hide = |index: usize| if index % 300 == 290 && index < 900 { 0.5 } else { f32::NEG_INFINITY };
        let mask = FeatureMap::from_nhwc(&engine, Shape::new(1, 1, 4, 300), (0..1200).map(hide).collect())?;
        let v = FeatureMap::from_nhwc(&engine, Shape::new(1, 1, 300, 8), (0..2400).map(|i| i as f32 * 1e30).collect())?;
        let y = Attention::new(1).with_mask(&mask).forward(&engine, &q, &k, &v)?.to_nhwc()?;
        for query in 0..3 {
            assert_eq!(y[query * 8..][..8], v.as_slice()?[290 * 8..][..8]);
        }
        assert!(y[24..].iter().all(|value| value.is_nan()), "{:?}", &y[24..]);
        let mut broken = q.to_nhwc()?;
        broken[8] = f32::NAN;
        let q = FeatureMap::from_nhwc(&engine, q.shape(), broken)?;
        let y = Attention::new(1).forward(&engine, &q, &k, &k)?.to_nhwc()?;
        assert!(y[8..16].iter().all(|v| v.is_nan()) && y[..8].iter().all(|v| v.is_finite()));
    }
    Ok(())
}

#[test]
fn attention_does_not_depend_on_threads_and_stops_when_cancelled() -> Result<(), Error> {
    let run = |threads| -> Result<Vec<f32>, Error> {
        let engine = Engine::new(EngineConfig { threads: Some(threads), ..EngineConfig::default() })?;
        let mut random = Random::new(33);
        let q = tokens(&engine, &mut random, 2, 500, 48);
        let k = tokens(&engine, &mut random, 2, 300, 48);
        Attention::new(3).forward(&engine, &q, &k, &k)?.to_nhwc()
    };
    assert_eq!(run(1)?, run(3)?);
    let token = CancelToken::default();
    token.cancel();
    let engine = engines()[0].with_cancel(token);
    let q = tokens(&engine, &mut Random::new(34), 1, 5, 8);
    assert!(matches!(Attention::new(1).forward(&engine, &q, &q, &q), Err(Error::Cancelled(_))));
    Ok(())
}

#[test]
fn attention_names_what_does_not_fit() {
    let engine = &engines()[0];
    let map = |batch, tokens, channels| {
        FeatureMap::filled(engine, Shape::new(batch, 1, tokens, channels), 1.0).expect("small")
    };
    let (q, k) = (map(1, 5, 8), map(1, 7, 8));
    let refused = |attention: Attention<'_>, k: &FeatureMap, v: &FeatureMap| {
        attention.forward(engine, &q, k, v).expect_err("does not fit").to_string()
    };
    assert!(refused(Attention::new(2), &map(1, 7, 9), &k).contains("attention keys"));
    assert!(refused(Attention::new(2), &k, &map(1, 6, 8)).contains("attention values"));
    assert!(refused(Attention::new(2), &map(2, 7, 8), &k).contains("attention keys"));
    assert!(refused(Attention::new(3), &k, &k).contains("3 for 8 channels"));
    assert!(refused(Attention::new(0), &k, &k).contains("0 for 8 channels"));
    assert!(refused(Attention::new(2).with_scale(0.0), &k, &k).contains("above 0"));
    assert!(refused(Attention::new(2).with_mask(&map(1, 5, 6)), &k, &k).contains("attention mask"));
}

#[test]
fn products_equal_their_definition() -> Result<(), Error> {
    let mut random = Random::new(35);
    for engine in engines() {
        for (batch, others, rows, k, columns) in
            [(1, 1, 1, 1, 1), (2, 2, 7, 33, 19), (3, 1, 101, 350, 40), (2, 2, 5, 8, 600)]
        {
            let a = tokens(&engine, &mut random, batch, rows, k);
            let b = tokens(&engine, &mut random, others, k, columns);
            let turned: Vec<f32> = (0..others * k * columns)
                .map(|i| {
                    let (n, column, row) = (i / (k * columns), i / k % columns, i % k);
                    b.as_slice().expect("on the CPU")[(n * k + row) * columns + column]
                })
                .collect();
            let turned = FeatureMap::from_nhwc(&engine, Shape::new(others, 1, columns, k), turned)?;
            let mut sums = Vec::new();
            for (n, column, row) in
                (0..batch * columns * rows).map(|i| (i / (columns * rows), i / rows % columns, i % rows))
            {
                let mut sum = Sum::default();
                for i in 0..k {
                    let (left, right) = (a.as_slice()?[(n * rows + row) * k + i], b.as_slice()?);
                    sum.add(f64::from(left) * f64::from(right[(n % others * k + i) * columns + column]));
                }
                sums.push(sum);
            }
            let shape = Shape::new(batch, 1, rows, columns);
            assert_sums(&matmul(&engine, &a, &b)?, shape, &sums, "matmul")?;
            assert_sums(&matmul_transposed(&engine, &a, &turned)?, shape, &sums, "matmul_transposed")?;
            assert!(matches!(matmul(&engine, &b, &b), Err(Error::Shapes { .. })) || k == columns);
        }
    }
    Ok(())
}

#[test]
fn operations_are_counted_by_their_formulas() -> Result<(), Error> {
    let engine = &engines()[0];
    let mut random = Random::new(36);
    let counted = |work: &dyn Fn() -> Result<FeatureMap, Error>| -> Result<u64, Error> {
        let before = engine.operations();
        work()?;
        Ok(engine.operations() - before)
    };
    let (q, k) = (tokens(engine, &mut random, 2, 5, 12), tokens(engine, &mut random, 2, 7, 12));
    // Two products of 5×7 scores over 12 channels, a multiplication and an addition each, of two pictures.
    assert_eq!(counted(&|| Attention::new(3).forward(engine, &q, &k, &k))?, 2 * 2 * 2 * 5 * 7 * 12);
    assert_eq!(counted(&|| matmul_transposed(engine, &q, &k))?, 2 * 2 * 5 * 7 * 12);
    let w = Weight::new(&[6, 6, 3, 3], vec![0.5; 324])?;
    let conv = Conv2d::new(engine, Conv2dConfig { groups: 2, stride: 2, ..Conv2dConfig::same(3) }, &w, None)?;
    let x = FeatureMap::filled(engine, Shape::new(1, 8, 6, 12), 1.0)?;
    assert_eq!(counted(&|| conv.forward(engine, &x))?, 2 * 4 * 3 * 6 * 6 * 9);
    let wide = Conv2d::new(engine, Conv2dConfig::same(1), &Weight::new(&[5, 24, 1, 1], vec![0.5; 120])?, None)?;
    assert_eq!(counted(&|| wide.forward_concat(engine, &[&x, &x], Epilogue::default()))?, 2 * 48 * 24 * 5);
    let wt = Weight::new(&[12, 5, 2, 2], vec![0.5; 240])?;
    let up = ConvTranspose2d::new(engine, ConvTranspose2dConfig { stride: 2, ..Default::default() }, &wt, None)?;
    assert_eq!(counted(&|| up.forward(engine, &x))?, 2 * 48 * 12 * 5 * 4);
    Ok(())
}
