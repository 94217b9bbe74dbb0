"""Golden values of crates/danqing-pipelines/src/sampling: noise of PyTorch, schedules and trajectories of k-diffusion 0.1.1.post1
(its sampling.py is read without the package's other dependencies), diffusers 0.31.0 and scipy, guidance of diffusers.

k-diffusion runs in double precision on a denoiser that is a formula, so that what differs is danqing's rounding alone.
Schedules of A1111 that no package carries are stated here by their formulas.
Writes tests/golden/sampling.safetensors.
"""

import importlib.machinery
import importlib.metadata
import importlib.util
import inspect
import math
import sys
import types

import numpy as np
import torch
from scipy import stats
from safetensors.numpy import save_file

golden = {}


def keep(name, values, dtype=np.float32):
    golden[name] = np.ascontiguousarray(np.asarray(values), dtype=dtype)


def k_diffusion():
    """k_diffusion.sampling and .external with the two helpers they use of k_diffusion.utils, nothing else imported."""
    files = {f.name: f.locate() for f in importlib.metadata.files("k-diffusion") if f.name in ("sampling.py", "external.py")}
    package, utils = types.ModuleType("k_diffusion"), types.ModuleType("k_diffusion.utils")
    utils.append_dims = lambda x, dims: x[(...,) + (None,) * (dims - x.ndim)]
    package.utils, package.__path__ = utils, []
    package.__spec__ = importlib.machinery.ModuleSpec("k_diffusion", None)
    odeint = types.ModuleType("torchdiffeq")
    odeint.odeint = None
    sys.modules.update({"k_diffusion": package, "k_diffusion.utils": utils, "torchdiffeq": odeint})
    modules = []
    for name in ("sampling.py", "external.py"):
        spec = importlib.util.spec_from_file_location(f"k_diffusion.{name[:-3]}", files[name])
        module = importlib.util.module_from_spec(spec)
        sys.modules[spec.name] = module
        setattr(package, name[:-3], module)
        spec.loader.exec_module(module)
        modules.append(module)
    return modules


sampling, external = k_diffusion()


# Noise ------------------------------------------------------------------------------------------------------------------

for seed in (0, 42, 123456789, 2**32 + 5):
    for draws in ((1, 5), (15, 16), (17, 100), (768, 768), (3, 20, 3)):
        generator = torch.Generator("cpu").manual_seed(seed)
        values = torch.cat([torch.randn(n, generator=generator) for n in draws])
        keep(f"noise.{seed}.{'_'.join(map(str, draws))}", values)
    generator = torch.Generator("cpu").manual_seed(seed)
    keep(f"uniform.{seed}", torch.rand(1300, generator=generator)[-50:])


def slerp(amount, low, high):
    """A1111's formula, columns of [channels, height, width]."""
    dot = (low / low.norm(dim=1, keepdim=True) * (high / high.norm(dim=1, keepdim=True))).sum(1)
    angle = torch.acos(dot)
    first, second = torch.sin((1 - amount) * angle) / torch.sin(angle), torch.sin(amount * angle) / torch.sin(angle)
    return first.unsqueeze(1) * low + second.unsqueeze(1) * high


def seeded(seed, *shape):
    return torch.randn(shape, generator=torch.Generator("cpu").manual_seed(seed))


for amount in (0.1, 0.75, 1.0):
    keep(f"slerp.{amount}", slerp(amount, seeded(7, 4, 6, 5), seeded(8, 4, 6, 5)))

# Tables -----------------------------------------------------------------------------------------------------------------

from diffusers import (  # noqa: E402
    DDIMScheduler,
    DEISMultistepScheduler,
    DPMSolverMultistepScheduler,
    EulerDiscreteScheduler,
    LCMScheduler,
    PNDMScheduler,
    TCDScheduler,
    UniPCMultistepScheduler,
)

STABLE = dict(beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear")
keep("table.scaled_linear", DDIMScheduler(**STABLE).alphas_cumprod)
keep("table.linear", DDIMScheduler(beta_start=0.0001, beta_end=0.02, beta_schedule="linear").alphas_cumprod)
keep("table.squared_cosine", DDIMScheduler(beta_schedule="squaredcos_cap_v2").alphas_cumprod)
keep("table.zero_snr", EulerDiscreteScheduler(**STABLE, rescale_betas_zero_snr=True).alphas_cumprod)

bars = DDIMScheduler(**STABLE).alphas_cumprod
network = external.DiscreteEpsDDPMDenoiser(None, bars, quantize=False)
places = torch.tensor([0.0, 0.25, 17.5, 500.0, 998.999, 999.0])
keep("table.places", places)
keep("table.sigma_at", network.t_to_sigma(places))
keep("table.sigma_at_straight", np.interp(places.numpy(), np.arange(1000), network.sigmas.numpy()))
levels = torch.tensor([0.01, 0.0292, 0.03, 0.5, 1.0, 7.77, 14.6, 20.0])
keep("table.levels", levels)
keep("table.timestep_of", network.sigma_to_t(levels))
keep("table.nearest", network.sigma_to_t(levels, quantize=True))

# Schedules --------------------------------------------------------------------------------------------------------------

low, high = network.sigmas[0].item(), network.sigmas[-1].item()


def on_timesteps(count, parts):
    t = torch.linspace(network.sigma_to_t(torch.tensor(high)).item(), network.sigma_to_t(torch.tensor(low)).item(), parts)[:count]
    return [network.t_to_sigma(step).item() for step in t] + [0.0]


def aligned(values, n):
    values = np.array(values)
    inner = np.interp(np.linspace(0, 1, n), np.linspace(0, 1, len(values)), np.log(values[::-1]))
    return np.append(np.exp(inner)[::-1], 0.0)


AYS = [14.615, 6.475, 3.861, 2.697, 1.886, 1.396, 0.963, 0.652, 0.399, 0.152, 0.029]
GITS = [14.615, 4.617, 2.507, 1.236, 0.702, 0.402, 0.240, 0.156, 0.104, 0.094, 0.029]
AYS_XL = [14.615, 6.315, 3.771, 2.181, 1.342, 0.862, 0.555, 0.380, 0.234, 0.113, 0.029]
AYS_32 = [
    14.615, 11.23951352, 8.64363081, 6.64729424, 5.57250862, 4.71648546, 3.99196065, 3.5195609, 3.13490466, 2.79228788,
    2.48773628, 2.21663865, 1.97508351, 1.7793172, 1.61475335, 1.46540953, 1.314849, 1.16642497, 1.03475547, 0.91573744,
    0.80748169, 0.71202361, 0.621739, 0.53065202, 0.4529096, 0.37491455, 0.27461819, 0.2011529, 0.14105873, 0.06682881,
    0.03166121, 0.015,
]

for n in (1, 2, 5, 11, 20, 33):
    if n > 1:
        keep(f"schedule.karras.{n}", sampling.get_sigmas_karras(n, low, high))
        keep(f"schedule.exponential.{n}", sampling.get_sigmas_exponential(n, low, high))
        keep(f"schedule.polyexponential.{n}", sampling.get_sigmas_polyexponential(n, low, high))
        keep(f"schedule.uniform.{n}", network.get_sigmas(n))
        keep(f"schedule.align_your_steps.{n}", aligned(AYS, n))
        keep(f"schedule.align_your_steps_xl.{n}", aligned(AYS_XL, n))
        keep(f"schedule.align_your_steps_32.{n}", aligned(AYS_32, n))
        keep(f"schedule.align_your_steps_gits.{n}", aligned(GITS, n))
        share = 1 - np.linspace(0, 1, n)
        keep(f"schedule.beta.{n}", np.append(low + stats.beta.ppf(share, 0.6, 0.6) * (high - low), 0.0))
    keep(f"schedule.sgm_uniform.{n}", on_timesteps(n, n + 1))
    share = np.arange(n + 1) / n
    keep(f"schedule.kl_optimal.{n}", np.tan(share * math.atan(low) + (1 - share) * math.atan(high)))
    keep(f"schedule.simple.{n}", [network.sigmas[-(1 + int(i * 1000 / n))].item() for i in range(n)] + [0.0])
    keep(f"schedule.ddim.{n}", [network.sigmas[i].item() for i in range(1, 1000, 1000 // n)][::-1] + [0.0])
    for spacing in ("trailing", "linspace"):
        scheduler = EulerDiscreteScheduler(**STABLE, timestep_spacing=spacing)
        scheduler.set_timesteps(n)
        keep(f"timesteps.{spacing}.{n}", scheduler.timesteps)
        keep(f"schedule.{spacing}.{n}", scheduler.sigmas)
    scheduler = DDIMScheduler(**STABLE, timestep_spacing="leading", steps_offset=1)
    scheduler.set_timesteps(n)
    keep(f"timesteps.leading.{n}", scheduler.timesteps)
    scheduler = LCMScheduler(**STABLE)
    scheduler.set_timesteps(n)
    keep(f"timesteps.lcm.{n}", scheduler.timesteps)

# Trajectories -----------------------------------------------------------------------------------------------------------

VALUES = 32


def denoiser(x, sigma, **_):
    """Not linear, so that errors of order show; tests.rs has the same formula."""
    sigma = sigma.reshape(-1, *[1] * (x.ndim - 1)) if torch.is_tensor(sigma) and sigma.ndim else sigma
    return 0.8 * x / (1 + sigma**2) + 0.5 * torch.sin(2 * x / (1 + sigma)) / (1 + 0.1 * sigma)


bank = torch.randn(256, VALUES, generator=torch.Generator("cpu").manual_seed(3), dtype=torch.float32).double()
keep("walk.bank", bank)
start = bank[-1:] * high
keep("walk.start", start)


class Bank:
    """Fresh noise in the order of asking."""

    def __init__(self):
        self.drawn = 0

    def __call__(self, *_):
        self.drawn += 1
        return bank[self.drawn - 1 : self.drawn]


def walked(name, function, sigmas, **options):
    source = Bank()
    if "noise_sampler" in inspect.signature(function).parameters:
        options["noise_sampler"] = source
    randn_like, torch.randn_like = torch.randn_like, source
    seen = []
    try:
        end = function(denoiser, start.clone(), sigmas, disable=True, callback=lambda d: seen.append(d["x"].clone()), **options)
    finally:
        torch.randn_like = randn_like
    keep(f"walk.{name}", torch.cat([*seen, end]))


karras = sampling.get_sigmas_karras(10, low, high).double()
discard = sampling.get_sigmas_karras(11, low, high).double()
discard = torch.cat([discard[:-2], discard[-1:]])
keep("walk.karras", karras)
keep("walk.discard", discard)
churn = dict(s_churn=4.0, s_tmin=0.1, s_tmax=10.0, s_noise=1.01)
for name in ("euler", "heun", "dpm_2"):
    walked(name, getattr(sampling, f"sample_{name}"), karras)
    walked(f"{name}.churn", getattr(sampling, f"sample_{name}"), karras, **churn)
for name in ("euler_ancestral", "dpm_2_ancestral", "dpmpp_2s_ancestral", "dpmpp_sde", "dpmpp_2m_sde", "dpmpp_3m_sde"):
    walked(name, getattr(sampling, f"sample_{name}"), karras)
    walked(f"{name}.eta", getattr(sampling, f"sample_{name}"), karras, eta=0.6, s_noise=0.98)
walked("dpmpp_2m_sde_heun", sampling.sample_dpmpp_2m_sde, karras, solver_type="heun")
walked("lms", sampling.sample_lms, karras)
walked("dpmpp_2m", sampling.sample_dpmpp_2m, karras)
walked("euler.discard", sampling.sample_euler, discard)


def adams_bashforth(denoise, x, sigmas, disable=None, callback=None):
    """IPNDM as ComfyUI and Forge have it."""
    past = []
    for i in range(len(sigmas) - 1):
        callback({"x": x})
        past.insert(0, (x - denoise(x, sigmas[i])) / sigmas[i])
        weights = ([1], [1.5, -0.5], [23 / 12, -16 / 12, 5 / 12], [55 / 24, -59 / 24, 37 / 24, -9 / 24])[min(i, 3)]
        x = x + (sigmas[i + 1] - sigmas[i]) * sum(w * d for w, d in zip(weights, past))
    return x


walked("ipndm", adams_bashforth, karras)


def restarted(denoise, x, sigmas, disable=None, callback=None):
    """Restart sampling by A1111's choice of restarts, as Heun runs of k-diffusion one after the other."""
    steps = len(sigmas) - 1
    length, times = (9, 1) if steps < 36 else (steps // 4, 2)
    levels = sampling.get_sigmas_karras(steps - length * times, sigmas[-2].item(), sigmas[0].item()).double()
    bottom, top = (levels - 0.1).abs().argmin().item(), (levels - 2).abs().argmin().item()
    again = sampling.get_sigmas_karras(length + 1, levels[bottom].item(), levels[top].item()).double()[:-1]
    draw = torch.randn_like
    heun = lambda x, part: without_noise(sampling.sample_heun, denoise, x, part)  # noqa: E731
    x = heun(x, levels[: bottom + 1])
    for _ in range(times):
        x = x + draw(x) * (again[0] ** 2 - again[-1] ** 2) ** 0.5
        x = heun(x, again)
    return heun(x, levels[bottom:])


def without_noise(function, denoise, x, sigmas):
    """Heun draws noise that it does not use: not to count."""
    before, torch.randn_like = torch.randn_like, torch.zeros_like
    try:
        return function(denoise, x, sigmas, disable=True)
    finally:
        torch.randn_like = before


for n in (20, 40):
    sigmas = sampling.get_sigmas_karras(n, low, high).double()
    keep(f"walk.restart.sigmas.{n}", sigmas)
    walked(f"restart.{n}", restarted, sigmas)

# diffusers: latents in the network's own scale ------------------------------------------------------------------------------


def stepped(name, scheduler, steps, **options):
    """One call of `step` per timestep; the network's answer is the noise that `denoiser` implies."""
    scheduler.set_timesteps(steps)
    noisy = bank[-1:].float()
    generator = torch.Generator("cpu").manual_seed(11)
    if "generator" in inspect.signature(scheduler.step).parameters:
        options["generator"] = generator
    for t in scheduler.timesteps:
        bar = scheduler.alphas_cumprod[int(t)].double()
        sigma = ((1 - bar) / bar) ** 0.5
        x = noisy.double() * (1 + sigma**2) ** 0.5
        answer = ((x - denoiser(x, sigma)) / sigma).float()
        noisy = scheduler.step(answer, t, noisy, **options).prev_sample
    keep(f"stepped.{name}", noisy)
    keep(f"stepped.{name}.timesteps", scheduler.timesteps)


leading = dict(**STABLE, timestep_spacing="leading", steps_offset=1, set_alpha_to_one=False)
for eta in (0.0, 0.7):
    stepped(f"ddim.{eta}", DDIMScheduler(**leading, clip_sample=False), 10, eta=eta)
stepped("plms", PNDMScheduler(**leading, skip_prk_steps=True), 10)
for steps in (10, 20):
    stepped(f"unipc.{steps}", UniPCMultistepScheduler(**STABLE), steps)
    stepped(f"deis.{steps}", DEISMultistepScheduler(**STABLE), steps)
stepped("dpmpp_2m", DPMSolverMultistepScheduler(**STABLE, euler_at_final=True), 20)
stepped("lcm", LCMScheduler(**STABLE), 4)
for eta in (0.0, 0.3, 1.0):
    stepped(f"tcd.{eta}", TCDScheduler(**STABLE), 4, eta=eta)

# Guidance ---------------------------------------------------------------------------------------------------------------

from diffusers.pipelines.stable_diffusion.pipeline_stable_diffusion import rescale_noise_cfg  # noqa: E402

none, some, other = (seeded(seed, 1, 4, 3, 3) for seed in (21, 22, 23))
guided = none + 7.5 * (some - none)
keep("guidance.none", none)
keep("guidance.some", some)
keep("guidance.other", other)
keep("guidance.classifier_free", guided)
keep("guidance.rescaled", rescale_noise_cfg(guided, some, guidance_rescale=0.7))
keep("guidance.instruct", none + 7.5 * (some - other) + 1.5 * (other - none))

x, answer, sigma = seeded(31, 32), seeded(32, 32), 3.3
keep("prediction.x", x)
keep("prediction.answer", answer)
for kind, scheduler_kind in (("epsilon", "epsilon"), ("velocity", "v_prediction"), ("sample", "sample")):
    scheduler = DPMSolverMultistepScheduler(**STABLE, prediction_type=scheduler_kind)
    scheduler.sigmas, scheduler._step_index = torch.tensor([sigma]), 0
    keep(f"prediction.{kind}", scheduler.convert_model_output(answer, sample=x / (1 + sigma**2) ** 0.5))

save_file(golden, "tests/golden/sampling.safetensors")
