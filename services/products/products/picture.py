"""Pictures of products that have none: small SVGs, drawn from name and category and always the same."""

from __future__ import annotations

import hashlib
import re
from html import escape

# Two shapes per category on a canvas of 200 by 200: what is drawn in the main colour, and what in the accent.
_SHAPES = {
    "audio": (
        "M50 110a50 50 0 0 1 100 0h-12a38 38 0 0 0-76 0z",
        "M46 108h22v44H56a10 10 0 0 1-10-10zM132 108h22v34a10 10 0 0 1-10 10h-12z",
    ),
    "bags": ("M50 75h100l8 80H42z", "M72 85V68a28 28 0 0 1 56 0v17h-10V68a18 18 0 0 0-36 0v17z"),
    "chairs": ("M68 40h12v50H68zM68 90h64v14H68z", "M68 104h8v50h-8zM124 104h8v50h-8zM80 48h6v42h-6z"),
    "cookware": (
        "M45 90h110v40a22 22 0 0 1-22 22H67a22 22 0 0 1-22-22z",
        "M40 76h120v10H40zM92 60h16v12H92z",
    ),
    "cups": (
        "M60 65h70v70a20 20 0 0 1-20 20H80a20 20 0 0 1-20-20z",
        "M130 80h12a18 18 0 0 1 0 40h-12v-10h10a9 9 0 0 0 0-20h-10z",
    ),
    "cycling": (
        "M62 92a30 30 0 1 0 .1 0zM62 102a20 20 0 1 0 .1 0zM138 92a30 30 0 1 0 .1 0zM138 102a20 20 0 1 0 .1 0z",
        "M58 118l30-50h34l20 50-8 4-16-42H94l-28 46z",
    ),
    "lighting": ("M70 50h60l20 45H50z", "M96 95h8v50h-8zM70 145h60v8H70z"),
    "plants": (
        "M100 110C60 100 55 65 60 45c30 5 42 30 40 65zM100 110c0-40 18-60 45-60 2 30-12 55-45 60z",
        "M70 112h60l-8 45H78z",
    ),
    "stationery": (
        "M60 40h70a8 8 0 0 1 8 8v104a8 8 0 0 1-8 8H60z",
        "M60 40h12v120H60zM84 66h40v6H84zM84 84h40v6H84z",
    ),
    "tables": ("M40 75h120v14H40z", "M50 89h10v60H50zM140 89h10v60h-10z"),
    "textiles": ("M50 55h100v90H50z", "M50 70h100v10H50zM50 95h100v10H50zM50 120h100v10H50z"),
    "toys": ("M50 105h48v48H50zM102 105h48v48h-48z", "M76 53h48v48H76z"),
}
_BOX = ("M50 75l50-25 50 25v55l-50 25-50-25z", "M50 75l50 25 50-25-50-25z")
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def draw(name: str, category: str | None) -> str:
    """Return the picture of a product: the shape of its category, in colours and with a backdrop of its own."""
    main, accent = _SHAPES.get(category or "", _BOX)
    digest = hashlib.sha256(f"{category}/{name}".encode()).digest()
    hue = int.from_bytes(digest[:2], "big") % 360
    left, top, radius = 40 + digest[2] % 120, 40 + digest[3] % 120, 55 + digest[4] % 40
    title = escape(_NOT_XML.sub("", name))
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 200 200" role="img">'
        f"<title>{title}</title>"
        f'<rect width="200" height="200" fill="hsl({hue},45%,90%)"/>'
        f'<circle cx="{left}" cy="{top}" r="{radius}" fill="hsl({hue},50%,82%)"/>'
        f'<path fill="hsl({hue},45%,40%)" fill-rule="evenodd" d="{main}"/>'
        f'<path fill="hsl({(hue + 150 + digest[5] % 60) % 360},55%,45%)" d="{accent}"/>'
        "</svg>\n"
    )
