"""What the sample shop sells: 12 categories of six articles, each in the three finishes of its category.

An article: name, price in cents of the plainest finish, and what is said about it.
"""

from __future__ import annotations

from typing import NamedTuple


class Finish(NamedTuple):
    """How an article is made: its name, what it adds to the price (in percent), and what is said about it."""

    name: str
    percent: int
    text: str


class Range(NamedTuple):
    """A category: its slug, the start of its article numbers, its finishes, its articles."""

    category: str
    code: str
    finishes: tuple[Finish, Finish, Finish]
    articles: tuple[tuple[str, int, str], ...]


_WOODS = (
    Finish("Pine", 0, "Solid pine from Nordic forests, waxed by hand."),
    Finish("Beech", 20, "Steamed beech with an even, warm grain."),
    Finish("Oak", 45, "Oiled oak that darkens handsomely over the years."),
)
_GLAZES = (
    Finish("Chalk White", 0, "Matt white glaze, safe in the dishwasher."),
    Finish("Sea Green", 8, "Reactive green glaze: no two pieces look alike."),
    Finish("Midnight Blue", 8, "Deep blue glaze with a brushed rim."),
)

RANGES = (
    Range(
        "lighting",
        "LIG",
        (
            Finish("Black", 0, "Powder-coated in black."),
            Finish("Brass", 30, "Brushed brass, sealed against stains."),
            Finish("Linen", 15, "With a washable shade of natural linen."),
        ),
        (
            ("Harbour Desk Lamp", 4490, "Jointed desk lamp with a heavy foot and a dimmer in the cable."),
            ("Meridian Floor Lamp", 11900, "Arched floor lamp that reads well beside a sofa."),
            ("Pebble Bedside Lamp", 3290, "Small touch lamp with three steps of warm light."),
            ("Orbit Pendant", 7990, "Pendant for the dining table; the cable is two metres long."),
            ("Clipper Clamp Light", 2790, "Clamps onto shelves and headboards up to five centimetres thick."),
            ("Lantern Wall Light", 5690, "Wall light that shines up and down, for hallways and stairs."),
        ),
    ),
    Range(
        "chairs",
        "CHA",
        _WOODS,
        (
            ("Tilda Dining Chair", 8900, "Light dining chair with a curved back rest."),
            ("Mill Stool", 4900, "Three-legged stool that doubles as a small side table."),
            ("Captain Armchair", 16900, "Armchair with broad rests and a woven seat."),
            ("Folding Garden Chair", 5900, "Folds flat in one movement and hangs on a hook."),
            ("Counter Bar Stool", 9900, "Bar stool with a foot rest, for counters of 90 centimetres."),
            ("Porch Rocking Chair", 21900, "Rocking chair with long, quiet runners."),
        ),
    ),
    Range(
        "tables",
        "TAB",
        _WOODS,
        (
            ("Gather Dining Table", 54900, "Dining table for six, with rounded corners."),
            ("Corner Side Table", 9900, "Side table with a shelf for books."),
            ("Scribe Writing Desk", 32900, "Writing desk with two drawers and a channel for cables."),
            ("Harvest Bench", 15900, "Bench for three that slides under the table."),
            ("Nest Coffee Table", 19900, "Low table in two levels for trays and magazines."),
            ("Entry Console", 17900, "Narrow console for keys, letters and a lamp."),
        ),
    ),
    Range(
        "cups",
        "CUP",
        _GLAZES,
        (
            ("Morning Mug", 1490, "Stoneware mug that holds 350 millilitres and keeps warm."),
            ("Espresso Cup", 990, "Thick-walled espresso cup with a saucer."),
            ("Tea Bowl", 1290, "Bowl without a handle for green tea, thrown by hand."),
            ("Latte Glass Holder", 1790, "Stoneware sleeve with a glass for milky coffee."),
            ("Camp Mug", 1190, "Sturdy mug with a wide handle for gloves."),
            ("Family Teapot", 4290, "Teapot for five cups with a steel strainer."),
        ),
    ),
    Range(
        "cookware",
        "COO",
        (
            Finish("Steel", 0, "Brushed steel, for every kind of hob and the oven."),
            Finish("Cast Iron", 25, "Cast iron that gets better the more it is used."),
            Finish("Copper", 70, "Copper outside for quick heat, steel inside."),
        ),
        (
            ("Everyday Frying Pan", 4490, "Frying pan of 28 centimetres with a cool handle."),
            ("Sunday Casserole", 7990, "Casserole of five litres with a tight lid for slow stews."),
            ("Sauce Pot", 3690, "Pot of two litres with a pouring rim on both sides."),
            ("Steam Wok", 5990, "Wok with a flat base, a rack and a domed lid."),
            ("Pancake Pan", 3290, "Low-rimmed pan for crêpes and pancakes."),
            ("Stock Pot", 8990, "Tall pot of ten litres for soup, pasta and jam."),
        ),
    ),
    Range(
        "textiles",
        "TEX",
        (
            Finish("Cotton", 0, "Combed organic cotton, washable at 60 degrees."),
            Finish("Linen", 35, "Stone-washed European linen, cool in summer."),
            Finish("Wool", 55, "Soft lambswool from small mills."),
        ),
        (
            ("Fireside Throw", 6490, "Throw of 130 by 180 centimetres with a short fringe."),
            ("Square Cushion", 2990, "Cushion of 50 centimetres with a hidden zip."),
            ("Table Runner", 2490, "Runner for tables up to two metres."),
            ("Herringbone Curtain", 7990, "Lined curtain with loops, 250 centimetres long."),
            ("Kitchen Towel Set", 1990, "Three kitchen towels that dry glasses without lint."),
            ("Bedspread", 11900, "Quilted bedspread for double beds."),
        ),
    ),
    Range(
        "plants",
        "PLA",
        (
            Finish("in a Clay Pot", 0, "Comes in a plain clay pot with a saucer."),
            Finish("in a Glazed Pot", 25, "Comes in a glazed pot that holds water for a week."),
            Finish("in a Basket", 18, "Comes in a seagrass basket with a waterproof lining."),
        ),
        (
            ("Monstera", 3490, "Swiss cheese plant, 70 centimetres tall; likes bright shade."),
            ("Snake Plant", 2290, "Forgives dark corners and forgotten watering."),
            ("Olive Tree", 5990, "Young olive tree for sunny balconies."),
            ("String of Hearts", 1690, "Trailing plant for shelves and hanging pots."),
            ("Kitchen Rosemary", 990, "Fragrant rosemary, ready to be picked."),
            ("Boston Fern", 1990, "Lush fern that enjoys a steamy bathroom."),
        ),
    ),
    Range(
        "stationery",
        "STA",
        (
            Finish("Ruled", 0, "Ruled pages, seven millimetres."),
            Finish("Dotted", 5, "Dot grid for sketches and lists."),
            Finish("Blank", 0, "Blank pages that do not let ink through."),
        ),
        (
            ("Field Notebook", 890, "Pocket notebook with 64 sewn pages."),
            ("Ledger Notebook", 2190, "Hard-cover notebook with 240 numbered pages and two ribbons."),
            ("Desk Pad", 1590, "Pad of 60 tear-off sheets for the week's plans."),
            ("Travel Journal", 2690, "Journal with a pocket for tickets and an elastic band."),
            ("Letter Set", 1790, "Twenty sheets of heavy paper with envelopes."),
            ("Recipe Book", 2390, "Wipe-clean cover and dividers for family recipes."),
        ),
    ),
    Range(
        "audio",
        "AUD",
        (
            Finish("Graphite", 0, "In dark graphite."),
            Finish("Sand", 0, "In a warm sand tone."),
            Finish("Forest", 5, "In deep green, a limited colour."),
        ),
        (
            ("Quiet One Headphones", 17900, "Wireless headphones with noise cancelling and 35 hours of battery."),
            ("Pocket Earbuds", 8900, "Light earbuds with a charging case the size of a matchbox."),
            ("Kitchen Radio", 12900, "Digital radio with a timer and a big dial."),
            ("Shelf Speaker Pair", 34900, "Active speakers with a wooden case and honest bass."),
            ("Picnic Speaker", 6900, "Waterproof speaker that plays a whole day."),
            ("Vinyl Turntable", 28900, "Belt-driven turntable with a built-in pre-amplifier."),
        ),
    ),
    Range(
        "bags",
        "BAG",
        (
            Finish("Canvas", 0, "Waxed cotton canvas that sheds rain."),
            Finish("Felt", 10, "Thick wool felt, light and stiff."),
            Finish("Leather", 90, "Vegetable-tanned leather that ages with you."),
        ),
        (
            ("Commuter Backpack", 8900, "Backpack with a padded sleeve for a 15 inch laptop."),
            ("Market Tote", 3490, "Roomy tote with long handles and an inner pocket."),
            ("Weekender", 11900, "Travel bag that fits the overhead locker."),
            ("Messenger Bag", 7900, "Shoulder bag with a quick strap for cyclists."),
            ("Laptop Sleeve", 3990, "Slim sleeve with a magnet and a pocket for the charger."),
            ("Wash Bag", 2990, "Wash bag that stands upright, with a lining that wipes clean."),
        ),
    ),
    Range(
        "cycling",
        "CYC",
        (
            Finish("Black", 0, "In black."),
            Finish("Reflex", 12, "With reflecting threads that shine at night."),
            Finish("Coral", 4, "In a coral that nobody overlooks."),
        ),
        (
            ("City Helmet", 6990, "Helmet with a dial for the fit and a removable visor."),
            ("Rear Pannier", 7490, "Waterproof pannier of 20 litres with a roll top."),
            ("Rain Cape", 5490, "Cape that covers the handlebar and packs into its hood."),
            ("Frame Lock", 4590, "Folding lock that rides along on the frame."),
            ("Handlebar Bag", 3790, "Small bag with a window for the map."),
            ("Winter Gloves", 3290, "Windproof gloves that work on touch screens."),
        ),
    ),
    Range(
        "toys",
        "TOY",
        (
            Finish("Natural", 0, "Unpainted maple, polished smooth."),
            Finish("Pastel", 8, "Painted in five pastel colours."),
            Finish("Rainbow", 8, "Painted in seven bright colours."),
        ),
        (
            ("Building Blocks", 3490, "Sixty wooden blocks in a cotton sack; from one year."),
            ("Stacking Tower", 1990, "Nine rings on a wobbling base; from six months."),
            ("Train Set", 4990, "Engine, three wagons and four metres of track; from three years."),
            ("Balancing Birds", 2290, "Game of skill for two to four players; from four years."),
            ("Shape Sorter", 2490, "Box with twelve shapes; from one year."),
            ("Marble Run", 5990, "Forty parts and twenty marbles; from five years."),
        ),
    ),
)
