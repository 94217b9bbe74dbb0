#!/usr/bin/env bash
# Makes the golden files again, each group with the versions it is pinned to. Afterwards: look at `git diff --stat`.
# Files whose bytes differ though nothing has changed: upscalers/rrdb-legacy.pth (torch's old format holds addresses),
# weights_containers/mixed.safetensors (its metadata has no order), and maps of OpenCV that follow the processor it runs on.
# Usage: tools/golden/run.sh [GROUP …], from the repository root; groups: vision media migan stylizers gatys cutout select upscalers diffusion weights sampling.
set -euo pipefail

source tools/python_for.sh

# As python_for of golden-GROUP; the group networks has the environment that timing uses too.
python_of() {
    if [ "$1" = networks ]; then python_for networks; else python_for "golden-$1"; fi
}

run() { # run GROUP SCRIPT [ARGUMENT …]
    local python
    python=$(python_of "$1")
    shift
    echo "$1"
    "$python" "$@"
}

danqing=target/release/danqing
for group in ${*:-vision media migan stylizers gatys cutout select upscalers diffusion weights sampling}; do
    case $group in
    vision) for script in canny fill_photos filters flow inpaint masks metrics resize rotate tone; do run vision "tools/golden/vision_$script.py"; done ;;
    media) for script in media_colors media_matrix metadata; do run media "tools/golden/$script.py"; done ;;
    migan)
        "$danqing" models pull default --yes --quiet
        coffee=$("$(python_of vision)" -c 'import pathlib, skimage; print(pathlib.Path(skimage.__file__).parent / "data/coffee.png")')
        run migan tools/golden/migan.py "$("$danqing" models path migan-512-places2)" "$coffee"
        ;;
    stylizers)
        "$danqing" models pull default --yes --quiet
        run networks tools/golden/stylizers.py "$("$danqing" models path adain-vgg19)" "$("$danqing" models path adain-decoder)" \
            "$("$danqing" models path multistyle26)"
        ;;
    gatys)
        "$danqing" models pull default --yes --quiet
        run networks tools/golden/gatys.py "$("$danqing" models path adain-vgg19)"
        ;;
    cutout)
        "$danqing" models pull default --yes --quiet
        run networks tools/golden/cutout_networks.py "$("$danqing" models path u2netp)" "$("$danqing" models path modnet-portrait)"
        run matting tools/golden/vision_matting.py
        ;;
    select)
        "$danqing" models pull default --yes --quiet
        # Its network's code alone is read, so none of its dependencies is needed.
        beside=tools/.venv-mobile-sam
        "$(python_of networks)" -m pip install --quiet --no-deps --upgrade --target "$beside" mobilesam-mirror==1.0.0
        run networks tools/golden/mobile_sam.py "$("$danqing" models path mobile-sam)" "$beside"
        ;;
    upscalers)
        "$danqing" models pull default --yes --quiet
        "$danqing" models pull photo-astronaut --yes --quiet
        files=()
        for id in realesrgan-x4plus realesrgan-x2plus realesrgan-x4plus-anime realesr-animevideov3; do
            files+=("$id=$("$danqing" models path "$id")")
        done
        run networks tools/golden/upscalers.py "$("$danqing" models path photo-astronaut)" "${files[@]}"
        ;;
    diffusion)
        for script in diffusion small_activations reimagine edit; do run diffusion "tools/golden/$script.py"; done
        "$danqing" models pull default --yes --quiet
        run diffusion tools/golden/adapters.py "$("$danqing" models path clip-bpe-vocabulary)"
        ;;
    weights) for part in safetensors onnx gguf numpy ncnn; do run weights tools/golden/weights_containers.py "$part"; done
        run weights tools/golden/gguf_layouts.py
        run weights-torch tools/golden/weights_containers.py torch ;;
    sampling)
        # Its sampling.py alone is read, so none of its dependencies is needed.
        "$(python_of diffusion)" -m pip install --quiet --no-deps k-diffusion==0.1.1.post1
        run diffusion tools/golden/sampling.py
        "$danqing" models pull default --yes --quiet
        run diffusion tools/golden/clip_tokenizer.py "$("$danqing" models path clip-bpe-vocabulary)"
        ;;
    *) echo "unknown group $group (expected vision, media, migan, stylizers, gatys, cutout, select, upscalers, diffusion, weights or sampling)" >&2; exit 2 ;;
    esac
done
