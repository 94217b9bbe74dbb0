use super::super::{InstructGuidance, Prediction, classifier_free, instruct, rescaled, weighted};
use super::{assert_near, golden, golden_file};

#[test]
fn guidance_of_diffusers() {
    let file = golden_file();
    let [none, some, other] = ["none", "some", "other"].map(|name| golden(&file, &format!("guidance.{name}")));
    let guided = classifier_free(&none, &some, 7.5);
    assert_near(&guided, &golden(&file, "guidance.classifier_free"), 2e-6, 1e-6, "classifier-free");
    let tamed = rescaled(&guided, &some, 0.7);
    assert_near(&tamed, &golden(&file, "guidance.rescaled"), 2e-6, 2e-6, "rescaled");
    let instructed = instruct(&some, &other, &none, InstructGuidance { text: 7.5, image: 1.5 });
    assert_near(&instructed, &golden(&file, "guidance.instruct"), 2e-6, 1e-6, "InstructPix2Pix");
}

#[test]
fn guidance_at_its_ends() {
    let (none, some) = (vec![0.5, -1.0, 2.0], vec![1.0, 1.0, 1.0]);
    assert_eq!(classifier_free(&none, &some, 1.0), some);
    assert_eq!(classifier_free(&none, &some, 0.0), none);
    assert_eq!(rescaled(&none, &some, 0.0), none);
    assert_eq!(rescaled(&some, &none, 0.7), some, "a flat answer has no contrast to change");
    let halves = weighted(&none, &[(&some, 0.5), (&some, 0.5)], 3.0);
    assert_near(&halves, &classifier_free(&none, &some, 3.0), 1e-6, 0.0, "weights add up");
    let without = weighted(&none, &[(&some, 1.0), (&none, -0.7)], 3.0);
    assert_near(&without, &classifier_free(&none, &some, 3.0), 1e-6, 0.0, "the unconditional itself counts nothing");
}

#[test]
fn predictions_of_diffusers() {
    let file = golden_file();
    let sigma = 3.3;
    let (x, answer) = (golden(&file, "prediction.x"), golden(&file, "prediction.answer"));
    for (name, kind) in
        [("epsilon", Prediction::Epsilon), ("velocity", Prediction::Velocity), ("sample", Prediction::Sample)]
    {
        let expected = golden(&file, &format!("prediction.{name}"));
        assert_near(&kind.denoised(&x, &answer, sigma), &expected, 2e-6, 2e-6, name);
    }
}
