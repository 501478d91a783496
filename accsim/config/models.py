"""Model shapes and acceptance statistics that a workload file may name."""

from __future__ import annotations

from accsim.acceptance import Acceptance
from accsim.workload import ModelShape


def _llama(
    name: str,
    hidden: int,
    layers: int,
    heads: int,
    kv_heads: int,
    ffn: int,
    max_positions: int = 4096,
) -> ModelShape:
    """A shape with the Llama-2 vocabulary, an LM head of its own and heads of hidden / heads."""
    return ModelShape(
        name=name,
        hidden=hidden,
        layers=layers,
        heads=heads,
        kv_heads=kv_heads,
        head_dim=hidden // heads,
        ffn=ffn,
        vocab=32000,
        max_positions=max_positions,
        tied_embeddings=False,
    )


_SHAPES = (
    # Touvron et al. 2023, arXiv 2307.09288, as the published config.json files have them:
    # 6,738,415,616, 13,015,864,320 and 68,976,648,192 parameters.
    _llama("llama2-7b", 4096, 32, 32, 32, 11008),
    _llama("llama2-13b", 5120, 40, 40, 40, 13824),
    _llama("llama2-70b", 8192, 80, 64, 8, 28672),
    # Zhang et al. 2024, arXiv 2401.02385: 1,100,048,384 parameters, context 2048.
    _llama("tinyllama-1.1b", 2048, 22, 32, 4, 5632, max_positions=2048),
    # Gloeckle et al. 2024, arXiv 2404.19737, tables S13 and S14: width, layers, heads, context.
    # The feed-forward width is not listed; Llama's rule (8/3 of the width, rounded up to 256) gives
    # 0.297, 0.631, 1.364 and 3.019 G parameters, which fits the names. Their 6.7B and 13B models
    # have the shapes of Llama 2.
    _llama("mtp-0.3b", 1024, 18, 16, 16, 2816),
    _llama("mtp-0.6b", 1280, 27, 20, 20, 3584),
    _llama("mtp-1.3b", 2048, 24, 16, 16, 5632),
    _llama("mtp-3b", 2560, 36, 20, 20, 6912),
)

SHAPES: dict[str, ModelShape] = {shape.name: shape for shape in _SHAPES}
"""Every known shape by the name that a workload file gives."""


def _from_tokens_per_pass(name: str, two: float, three: float, four: float) -> Acceptance:
    """Conditional rates from mean tokens per pass with 2, 3 and 4 heads of a 4-token model.

    With prefix acceptance T_k = 1 + p2 + p2 p3 + ..., so the chance that draft k is used is
    A_k = T_k - T_(k-1), and p_k = A_k / A_(k-1).
    """
    # Two decimals are all that the table has; rounding removes what float subtraction adds.
    used = [round(two - 1, 2), round(three - two, 2), round(four - three, 2)]
    return Acceptance(name, (used[0], used[1] / used[0], used[2] / used[1]))


_ACCEPTANCES = (
    # Gloeckle et al. 2024, arXiv 2404.19737, table S2: 7B models, greedy decoding.
    _from_tokens_per_pass("wikipedia", 1.88, 2.57, 3.12),
    _from_tokens_per_pass("books", 1.87, 2.56, 3.09),
    _from_tokens_per_pass("code", 1.94, 2.78, 3.50),
    # Li et al. 2024 (EAGLE), arXiv 2401.15077: chains of drafts on MT-bench, greedy decoding; the
    # columns 0-alpha to 4-alpha, each given that the drafts before it were accepted.
    Acceptance("eagle_llama2_chat_7b", (0.76, 0.69, 0.67, 0.68, 0.68)),
    Acceptance("eagle_llama2_chat_13b", (0.77, 0.69, 0.69, 0.70, 0.71)),
    Acceptance("eagle_llama2_chat_70b", (0.75, 0.69, 0.65, 0.64, 0.64)),
    # DeepSeek-AI 2024 (DeepSeek-V3), arXiv 2412.19437, section 5.4.3: the second token is accepted
    # 85 to 90 % of the time, by topic. The low end, and the high end. One draft only.
    Acceptance("deepseek_v3", (0.85,)),
    Acceptance("deepseek_v3_high", (0.90,)),
)

ACCEPTANCES: dict[str, Acceptance] = {known.name: known for known in _ACCEPTANCES}
"""Every known set of acceptance rates by name."""
