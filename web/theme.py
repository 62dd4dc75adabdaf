"""Colors, type and the page's head. System fonts only: nothing is fetched from anywhere but this application."""

from __future__ import annotations

import hashlib
from pathlib import Path

import gradio as gr
from gradio.themes.utils import colors

SERIF = ("Charter", "Iowan Old Style", "Source Serif 4", "Palatino Linotype", "Georgia", "Noto Serif", "DejaVu Serif", "serif")
SANS = ("ui-sans-serif", "system-ui", "Segoe UI", "Helvetica Neue", "Noto Sans", "DejaVu Sans", "sans-serif")
MONO = ("ui-monospace", "SFMono-Regular", "Consolas", "DejaVu Sans Mono", "monospace")

PINE = colors.Color(
    c50="#eef6f3",
    c100="#d8eae4",
    c200="#b3d6cb",
    c300="#86bcae",
    c400="#58a08f",
    c500="#348372",
    c600="#20695b",
    c700="#17564a",
    c800="#12453c",
    c900="#0d362f",
    c950="#082520",
    name="pine",
)
STONE = colors.Color(
    c50="#faf9f6",
    c100="#f3f1ec",
    c200="#e6e3db",
    c300="#d2cec4",
    c400="#9d988c",
    c500="#726d63",
    c600="#57534b",
    c700="#403d37",
    c800="#292723",
    c900="#1c1b18",
    c950="#141311",
    name="stone",
)


def theme() -> gr.themes.Base:
    """Warm paper and pine green, light and dark, with contrast of at least 4.5 to 1 for text."""
    return gr.themes.Base(
        primary_hue=PINE,
        secondary_hue=PINE,
        neutral_hue=STONE,
        radius_size=gr.themes.sizes.radius_sm,
        font=list(SANS),
        font_mono=list(MONO),
    ).set(
        body_background_fill="*neutral_50",
        body_background_fill_dark="*neutral_900",
        body_text_color="*neutral_900",
        body_text_color_dark="*neutral_100",
        body_text_color_subdued="*neutral_600",
        body_text_color_subdued_dark="*neutral_300",
        background_fill_primary="#ffffff",
        background_fill_primary_dark="*neutral_800",
        block_background_fill="transparent",
        block_background_fill_dark="transparent",
        block_border_width="0px",
        block_shadow="none",
        block_padding="0",
        block_label_text_color="*neutral_600",
        block_label_text_color_dark="*neutral_300",
        block_title_text_color="*neutral_700",
        block_title_text_color_dark="*neutral_200",
        block_info_text_color="*neutral_600",
        block_info_text_color_dark="*neutral_300",
        input_background_fill="#ffffff",
        input_background_fill_dark="*neutral_950",
        input_border_color="*neutral_400",
        input_border_color_dark="*neutral_500",
        input_border_width="1px",
        input_shadow="none",
        input_shadow_focus="none",
        input_border_color_focus="*primary_600",
        input_border_color_focus_dark="*primary_300",
        input_placeholder_color="*neutral_600",
        input_placeholder_color_dark="*neutral_400",
        button_primary_background_fill="*primary_700",
        button_primary_background_fill_dark="*primary_300",
        button_primary_background_fill_hover="*primary_800",
        button_primary_background_fill_hover_dark="*primary_200",
        button_primary_text_color="#ffffff",
        button_primary_text_color_dark="*neutral_950",
        button_secondary_background_fill="transparent",
        button_secondary_background_fill_dark="transparent",
        button_secondary_background_fill_hover="*neutral_200",
        button_secondary_background_fill_hover_dark="*neutral_700",
        button_secondary_border_color="*neutral_400",
        button_secondary_border_color_dark="*neutral_500",
        button_secondary_text_color="*neutral_800",
        button_secondary_text_color_dark="*neutral_100",
        button_border_width="1px",
        checkbox_label_background_fill="transparent",
        checkbox_label_background_fill_dark="transparent",
        checkbox_background_color_selected="*primary_700",
        checkbox_background_color_selected_dark="*primary_400",
        checkbox_label_background_fill_selected="transparent",
        checkbox_label_background_fill_selected_dark="transparent",
        checkbox_label_text_color_selected="*neutral_900",
        checkbox_label_text_color_selected_dark="*neutral_100",
        link_text_color="*primary_700",
        link_text_color_dark="*primary_300",
        color_accent="*primary_700",
        color_accent_soft="*primary_100",
        color_accent_soft_dark="*primary_900",
        border_color_primary="*neutral_300",
        border_color_primary_dark="*neutral_700",
        border_color_accent="*primary_700",
        border_color_accent_dark="*primary_300",
    )


SCRIPTS = ("casebook.js", "search.js", "library.js", "compare.js")


def script(static: Path) -> str:
    """All scripts as one: Gradio adds what is in the head from a script, where order is not kept."""
    return "\n".join((static / name).read_text(encoding="utf-8") for name in SCRIPTS)


def head(static: Path) -> str:
    """Links to our style sheet and script, with their hash so that a new version is seen at once."""
    style = hashlib.sha256((static / "casebook.css").read_bytes()).hexdigest()[:10]
    version = hashlib.sha256(script(static).encode()).hexdigest()[:10]
    return (
        f'<link rel="stylesheet" href="casebook-static/casebook.css?v={style}">'
        f'<script src="casebook-static/all.js?v={version}"></script>'
    )
