//! Fills of real photographs, judged by the measures.

use danqing_capability::CancelToken;
use danqing_media::{Srgb8, SrgbF32};
use danqing_vision::inpaint::{self, Method};
use danqing_vision::patch::{self, Options};
use danqing_vision::seam::Score;

use crate::golden::{Golden, scaled};
use crate::{assert_same_outside, disc, unwatched};

#[test]
fn patches_score_better_than_diffusion_on_textures() {
    let golden = Golden::open("vision_fill_photos");
    for name in ["hair", "fur", "wood", "beans", "stars", "tissue"] {
        let photo = scaled::<Srgb8, SrgbF32>(&golden.raster_u8(name));
        let hole = disc(photo.width(), photo.height(), 14.0);
        let patched = unwatched(|p| patch::complete(&photo, &hole, None, &Options::default(), p)).expect("a fill");
        let diffused = unwatched(|p| inpaint::fill(&photo, &hole, 5, Method::Telea, p)).expect("a fill");
        assert_same_outside(&patched, &photo, &hole);
        let score =
            |picture| Score::measured(picture, &hole, &CancelToken::default()).expect("runs").expect("both sides");
        let (patched, diffused) = (score(&patched), score(&diffused));
        assert!(patched.total() < diffused.total(), "{name}: {patched:?} against {diffused:?}");
    }
}
