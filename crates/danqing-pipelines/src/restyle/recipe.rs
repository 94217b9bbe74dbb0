//! `recipe`: what a preset says.

use danqing_capability::Progress;
use danqing_vision::painting::{self, Recipe, Session, Share};
use serde_json::json;

use super::presets::{self, Paint};
use super::work::{Networks, Painted, Work};
use super::{Error, Params, StyleShare, gallery, styles};

/// The picture, painted after its preset.
pub(super) fn painted(networks: &Networks, work: Work<'_>, progress: &mut Progress<'_>) -> Result<Painted, Error> {
    let name = work.params.style.clone().unwrap_or_default();
    let wrong = |reason| Error::PresetFile { path: name.clone().into(), reason };
    let preset = presets::of(work.params).ok_or(Error::NoStyle)?;
    match preset.paint().map_err(wrong)? {
        Paint::Recipe(recipe) => drawn(recipe, networks.vgg19.engine().threads(), work, progress),
        // `choice` has decided for a mode that looks at pictures.
        Paint::Pictures(_) => Err(Error::Bug { what: "a preset of style pictures was taken for a recipe" }),
        Paint::Gallery(shares) => {
            let params = Params { styles: numbered(shares)?, ..work.params.clone() };
            gallery::painted(networks, Work { params: &params, ..work }, progress)
        }
    }
}

/// With a classical method, on the run's threads.
fn drawn(mut recipe: Recipe, threads: usize, work: Work<'_>, progress: &mut Progress<'_>) -> Result<Painted, Error> {
    let params = work.params;
    recipe.keep_structure(Share::of(params.keep_structure as f32));
    let session = Session { seed: params.seed.unwrap_or_default(), scale: params.style_scale as f32, threads };
    let picture = painting::paint(work.content, &recipe, session, progress)?;
    let mut painted = Painted::new(picture);
    painted.structure_kept = true;
    painted.share = params.strength as f32;
    painted.facts.push(("method", json!(recipe.method())));
    Ok(painted)
}

fn numbered(mut shares: Vec<StyleShare>) -> Result<Vec<StyleShare>, Error> {
    for share in &mut shares {
        let unknown = || Error::UnknownStyle { name: share.style.clone(), known: known() };
        share.index = Some(styles::index_of(&share.style).ok_or_else(unknown)?);
    }
    Ok(shares)
}

fn known() -> String {
    styles::GALLERY.map(|style| style.id).join(", ")
}
