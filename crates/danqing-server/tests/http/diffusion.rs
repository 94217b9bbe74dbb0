//! The fronts with a checkpoint: previews, A1111's txt2img and img2img, `OpenAI`'s streams.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::support::{Server, picture};

/// A job that takes seconds, and shows previews all the while.
fn long() -> Value {
    json!({"model": "tiny.safetensors", "prompt": "a cat", "width": 512, "height": 512, "steps": 150, "variants": 16})
}

fn decoded(base64: &Value) -> Vec<u8> {
    STANDARD.decode(base64.as_str().expect("a text")).expect("base64")
}

/// Width and height of a PNG.
fn size(bytes: &[u8]) -> (u32, u32) {
    let reader = png::Decoder::new(std::io::Cursor::new(bytes)).read_info().expect("a PNG");
    (reader.info().width, reader.info().height)
}

#[test]
fn a_running_job_shows_its_picture_so_far_and_an_ended_one_none() {
    let server = Server::with_checkpoint();
    let job = json!({"capability": "reimagine", "params": long()});
    let id = server.post("/api/v1/jobs", &job).expect(201)["id"].as_str().expect("an id").to_owned();
    let events = server.events(&format!("/api/v1/jobs/{id}/events"), "", |name, _| name == "preview");
    let (_, number, told) = events.last().expect("events");
    let url = told["url"].as_str().expect("a link").to_owned();
    assert_eq!((*number, told["id"].as_str(), url.starts_with("/api/v1/")), (0, Some(id.as_str()), true), "{told}");
    assert!(told["fraction"].as_f64().is_some_and(|fraction| (0.0..=1.0).contains(&fraction)), "{told}");
    let shown = server.get(&url);
    assert_eq!((shown.status, shown.header("content-type"), &shown.bytes[..2]), (200, "image/jpeg", &[0xff, 0xd8][..]));
    assert_eq!(shown.header("cache-control"), "no-store");
    let running = server.get(&format!("/api/v1/jobs/{id}")).expect(200);
    assert!(running["preview"].as_str().is_some_and(|url| url.contains("/preview?n=")), "{running:#}");
    server.post(&format!("/api/v1/jobs/{id}/cancel"), &json!({})).expect(200);
    let ended = server.ended(&id);
    assert_eq!((&ended["preview"], server.get(&url).status), (&Value::Null, 404));
    assert_eq!(server.get("/api/v1/jobs/none/preview").status, 404);
}

#[test]
fn txt2img_paints_a_second_larger_pass_and_img2img_follows_its_picture() {
    let server = Server::with_checkpoint();
    let asked = json!({"prompt": "a cat", "steps": 2, "width": 128, "height": 64, "seed": 3, "enable_hr": true,
        "hr_scale": 1.5, "hr_second_pass_steps": 3, "denoising_strength": 0.6, "hr_upscaler": "Latent",
        "sampler_name": "Euler a"});
    let answer = server.post("/sdapi/v1/txt2img", &asked);
    assert_eq!(answer.header("x-danqing-warnings"), "");
    let answer = answer.expect(200);
    assert_eq!(size(&decoded(&answer["images"][0])), (192, 96));
    let job = &server.get("/api/v1/jobs?limit=1").expect(200)["jobs"][0];
    let hires = ["hires", "hires_strength", "hires_steps", "hires_enlarge"].map(|name| job["resolved"][name].clone());
    assert_eq!(hires, [json!(1.5), json!(0.6), json!(3), json!("latent")], "{job:#}");
    let init = STANDARD.encode(picture(96));
    let asked = |strength: f64| {
        let body = json!({"init_images": [init], "prompt": "a dog", "steps": 4, "width": 96, "height": 96, "seed": 3,
            "denoising_strength": strength});
        decoded(&server.post("/sdapi/v1/img2img", &body).expect(200)["images"][0])
    };
    let (near, far) = (asked(0.0), asked(1.0));
    assert_eq!((size(&near), size(&far)), ((96, 96), (96, 96)));
    let samples = |bytes: &[u8]| {
        let mut reader = png::Decoder::new(std::io::Cursor::new(bytes)).read_info().expect("a PNG");
        let mut samples = vec![0; reader.output_buffer_size().expect("a size")];
        reader.next_frame(&mut samples).expect("samples");
        samples
    };
    assert!(samples(&near) == samples(&picture(96)), "strength 0 gives the picture back");
    assert!(samples(&far) != samples(&near));
}

#[test]
fn progress_of_a1111_shows_the_picture_unless_it_is_not_wanted() {
    let server = Server::with_checkpoint();
    let asked = json!({"prompt": "a cat", "steps": 150, "width": 512, "height": 512, "n_iter": 16});
    std::thread::scope(|scope| {
        let painter = scope.spawn(|| server.post("/sdapi/v1/txt2img", &asked).expect(200));
        let begun = std::time::Instant::now();
        let shown = loop {
            let seen = server.get("/sdapi/v1/progress").expect(200)["current_image"].clone();
            if seen.is_string() {
                break seen;
            }
            assert!(begun.elapsed().as_secs() < 120 && !painter.is_finished(), "no picture was shown");
            std::thread::sleep(std::time::Duration::from_millis(10));
        };
        assert_eq!(size(&decoded(&shown)), (64, 64));
        let skipped = server.get("/sdapi/v1/progress?skip_current_image=true").expect(200);
        assert_eq!(skipped["current_image"], Value::Null);
        let task = server.post("/internal/progress", &json!({"id_task": "task(1)", "id_live_preview": -1})).expect(200);
        assert!(task["live_preview"].as_str().is_some_and(|text| text.starts_with("data:image/png;base64,")), "{task}");
        server.post("/sdapi/v1/interrupt", &json!({})).expect(200);
        assert_eq!(painter.join().expect("an answer")["images"], json!([]));
    });
    assert_eq!(server.get("/sdapi/v1/progress").expect(200)["current_image"], Value::Null);
}

#[test]
fn a_stream_of_openai_shows_as_many_pictures_on_the_way_as_asked_for() {
    let server = Server::with_checkpoint();
    let asked =
        json!({"prompt": "a cat", "size": "512x512", "stream": true, "partial_images": 2, "output_format": "jpeg"});
    let answer = server.post("/v1/images/generations", &asked);
    assert_eq!((answer.status, answer.header("x-danqing-warnings")), (200, ""));
    let text = answer.text();
    let events: Vec<Value> =
        text.lines().filter_map(|line| serde_json::from_str(line.strip_prefix("data: ")?).ok()).collect();
    let kinds: Vec<_> = events.iter().map(|event| event["type"].as_str().unwrap_or_default()).collect();
    let (partial, whole) = ("image_generation.partial_image", "image_generation.completed");
    assert_eq!(kinds, [partial, partial, whole], "{text}");
    for (index, event) in events[..2].iter().enumerate() {
        assert_eq!((&event["partial_image_index"], &event["output_format"]), (&json!(index), &json!("jpeg")));
        assert_eq!(decoded(&event["b64_json"])[..2], [0xff, 0xd8]);
    }
    let asked = json!({"prompt": "a cat", "size": "64x64", "partial_images": 1});
    let warned = server.post("/v1/images/generations", &asked);
    assert_eq!(warned.header("x-danqing-warnings"), r#"["partial_images counts in a stream only and was left out"]"#);
}
