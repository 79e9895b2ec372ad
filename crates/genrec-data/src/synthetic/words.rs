//! The words of the synthetic shop: names for a tree of categories, and what is said about the things in each.
//!
//! The built-in part covers a tree of 6 x 4 x 2 categories; a larger one goes on with made-up words.

use rand::{RngExt, rngs::StdRng, seq::IndexedRandom};

/// A category of the top level.
pub(super) struct Department {
    pub(super) name: &'static str,
    pub(super) words: [&'static str; 3],
    pub(super) sections: [Section; 4],
}

/// A category of the middle level.
pub(super) struct Section {
    pub(super) name: &'static str,
    pub(super) words: [&'static str; 3],
    pub(super) leaves: [Leaf; 2],
}

/// A category of the lowest level, in which the items are.
pub(super) struct Leaf {
    pub(super) name: &'static str,
    pub(super) nouns: [&'static str; 4],
    pub(super) words: [&'static str; 4],
}

const fn section(
    name: &'static str,
    words: [&'static str; 3],
    first: (&'static str, [&'static str; 4], [&'static str; 4]),
    second: (&'static str, [&'static str; 4], [&'static str; 4]),
) -> Section {
    Section {
        name,
        words,
        leaves: [
            Leaf {
                name: first.0,
                nouns: first.1,
                words: first.2,
            },
            Leaf {
                name: second.0,
                nouns: second.1,
                words: second.2,
            },
        ],
    }
}

/// What a thing looks like, whatever it is: the one property that is shared across categories.
pub(super) const STYLES: [&str; 12] = [
    "Bamboo", "Walnut", "Matte", "Copper", "Nordic", "Vintage", "Slate", "Coral", "Ivory",
    "Cobalt", "Moss", "Amber",
];

#[rustfmt::skip]
pub(super) const DEPARTMENTS: [Department; 6] = [
    Department { name: "Kitchen", words: ["dishwasher-safe", "cooking", "food-grade"], sections: [
        section("Cookware", ["stovetop", "heat", "induction"],
            ("Frying Pans", ["Skillet", "Frying Pan", "Griddle", "Crepe Pan"], ["cast-iron", "non-stick", "searing", "flared"]),
            ("Pots", ["Stockpot", "Saucepan", "Casserole", "Steamer"], ["simmering", "lidded", "enamelled", "deep"])),
        section("Knives and Boards", ["cutting", "chef", "edge"],
            ("Kitchen Knives", ["Paring Knife", "Cleaver", "Bread Knife", "Santoku"], ["forged", "serrated", "razor-sharp", "full-tang"]),
            ("Cutting Boards", ["Chopping Board", "Carving Board", "Butcher Block", "Cheese Board"], ["end-grain", "juice-groove", "reversible", "oiled"])),
        section("Baking", ["oven", "dough", "pastry"],
            ("Cake Tins", ["Springform", "Loaf Tin", "Muffin Tray", "Bundt Tin"], ["fluted", "loose-bottomed", "golden", "even-baking"]),
            ("Baking Tools", ["Rolling Pin", "Whisk", "Piping Set", "Dough Scraper"], ["balloon", "tapered", "silicone", "kneading"])),
        section("Coffee and Tea", ["brewing", "aroma", "hot"],
            ("Coffee Makers", ["French Press", "Moka Pot", "Dripper", "Grinder"], ["espresso", "burr", "pour-over", "roasted"]),
            ("Teaware", ["Teapot", "Infuser", "Matcha Bowl", "Kettle"], ["loose-leaf", "whistling", "steeping", "porcelain"])),
    ]},
    Department { name: "Garden", words: ["outdoor", "weatherproof", "seasonal"], sections: [
        section("Hand Tools", ["soil", "digging", "grip"],
            ("Trowels and Forks", ["Trowel", "Hand Fork", "Weeder", "Bulb Planter"], ["rust-proof", "scooped", "tined", "transplanting"]),
            ("Pruning", ["Secateurs", "Loppers", "Hedge Shears", "Pruning Saw"], ["bypass", "anvil", "branch", "ratchet"])),
        section("Watering", ["hose", "flow", "leak-free"],
            ("Watering Cans", ["Watering Can", "Plant Mister", "Rose Head", "Dropper Bottle"], ["galvanised", "long-spout", "fine-mist", "balanced"]),
            ("Irrigation", ["Drip Kit", "Sprinkler", "Water Timer", "Soaker Hose"], ["oscillating", "programmable", "low-pressure", "emitter"])),
        section("Growing", ["seedling", "nursery", "root"],
            ("Pots and Planters", ["Planter", "Hanging Basket", "Window Box", "Terracotta Pot"], ["self-watering", "drainage", "glazed", "trailing"]),
            ("Seeds and Bulbs", ["Tomato Seeds", "Tulip Bulbs", "Herb Mix", "Wildflower Mix"], ["heirloom", "germinating", "perennial", "fragrant"])),
        section("Outdoor Living", ["patio", "evening", "terrace"],
            ("Garden Lighting", ["Lantern", "String Lights", "Path Light", "Torch Lamp"], ["solar", "dusk-sensing", "warm-white", "staked"]),
            ("Barbecue", ["Charcoal Grill", "Smoker", "Grill Tongs", "Fire Starter"], ["hickory", "smoky", "ash-catching", "chrome-plated"])),
    ]},
    Department { name: "Music", words: ["sound", "studio", "stage"], sections: [
        section("Guitars", ["fretted", "tone", "strumming"],
            ("Acoustic Guitars", ["Dreadnought", "Parlour Guitar", "Ukulele", "Travel Guitar"], ["spruce-top", "mahogany", "fingerstyle", "resonant"]),
            ("Guitar Accessories", ["Capo", "Guitar Strap", "String Set", "Pick Pack"], ["phosphor-bronze", "clip-on", "padded", "wound"])),
        section("Keyboards", ["keys", "octave", "touch"],
            ("Digital Pianos", ["Stage Piano", "Digital Piano", "Keyboard", "Organ"], ["weighted", "hammer-action", "polyphonic", "sampled"]),
            ("Synthesizers", ["Synthesizer", "Drum Machine", "Sequencer", "Arpeggiator"], ["analogue", "oscillator", "modular", "wavetable"])),
        section("Recording", ["signal", "mixing", "noise-free"],
            ("Microphones", ["Condenser Mic", "Vocal Mic", "Ribbon Mic", "Pop Filter"], ["cardioid", "phantom-powered", "shock-mounted", "plosive"]),
            ("Audio Interfaces", ["Audio Interface", "Preamp", "Mixer", "Headphone Amp"], ["low-latency", "two-channel", "bus-powered", "balanced-output"])),
        section("Percussion", ["rhythm", "beat", "groove"],
            ("Drums", ["Snare Drum", "Cajon", "Floor Tom", "Djembe"], ["birch-shell", "tunable", "goatskin", "punchy"]),
            ("Cymbals and Sticks", ["Ride Cymbal", "Drumsticks", "Hi-Hat", "Brush Pair"], ["hickory-tip", "bell-bronze", "shimmering", "lathed"])),
    ]},
    Department { name: "Outdoors", words: ["trail", "lightweight", "rugged"], sections: [
        section("Camping", ["campsite", "packable", "overnight"],
            ("Tents", ["Dome Tent", "Tarp", "Bivvy", "Tunnel Tent"], ["two-person", "ripstop", "freestanding", "guyed"]),
            ("Sleeping Gear", ["Sleeping Bag", "Sleeping Mat", "Camp Pillow", "Bag Liner"], ["down-filled", "inflatable", "three-season", "mummy"])),
        section("Hiking", ["summit", "breathable", "walking"],
            ("Backpacks", ["Daypack", "Trekking Pack", "Hip Pack", "Rain Cover"], ["hydration-ready", "ventilated", "hip-belted", "thirty-litre"]),
            ("Trekking Aids", ["Trekking Poles", "Gaiters", "Compass", "Map Case"], ["carbon", "telescopic", "luminous", "shock-absorbing"])),
        section("Cycling", ["riding", "aerodynamic", "road"],
            ("Bike Parts", ["Saddle", "Chain", "Pedals", "Handlebar"], ["alloy", "eleven-speed", "ergonomic", "gel-cushioned"]),
            ("Bike Care", ["Floor Pump", "Multi-Tool", "Patch Kit", "Chain Lube"], ["presta", "vulcanising", "torque", "degreasing"])),
        section("Water Sports", ["waterproof", "floating", "paddle"],
            ("Paddling", ["Kayak Paddle", "Dry Bag", "Spray Deck", "Buoyancy Vest"], ["roll-top", "feathered", "neoprene", "buoyant"]),
            ("Swimming", ["Goggles", "Swim Fins", "Kickboard", "Swim Cap"], ["anti-fog", "hydrodynamic", "chlorine-proof", "streamlined"])),
    ]},
    Department { name: "Office", words: ["desk", "tidy", "workday"], sections: [
        section("Writing", ["ink", "handwriting", "smooth"],
            ("Pens", ["Fountain Pen", "Rollerball", "Fineliner", "Brush Pen"], ["gold-nib", "quick-drying", "refillable", "archival"]),
            ("Notebooks", ["Notebook", "Planner", "Sketchbook", "Index Cards"], ["dotted", "lay-flat", "thread-bound", "acid-free"])),
        section("Desk Setup", ["workspace", "posture", "cable"],
            ("Stands and Arms", ["Monitor Arm", "Laptop Stand", "Desk Riser", "Tablet Holder"], ["gas-spring", "height-adjustable", "clamped", "swivelling"]),
            ("Desk Lamps", ["Desk Lamp", "Light Bar", "Clamp Lamp", "Reading Light"], ["dimmable", "glare-free", "flicker-free", "touch-dimmed"])),
        section("Input Devices", ["wireless", "typing", "click"],
            ("Office Keyboards", ["Mechanical Keyboard", "Number Pad", "Compact Keyboard", "Wrist Rest"], ["tactile", "hot-swappable", "backlit", "low-profile"]),
            ("Mice", ["Trackball", "Vertical Mouse", "Gaming Mouse", "Mouse Mat"], ["optical", "silent-click", "thumb-operated", "stitched"])),
        section("Filing", ["paper", "archive", "labelled"],
            ("Storage Boxes", ["File Box", "Drawer Unit", "Magazine Rack", "Letter Tray"], ["stackable", "lockable", "hinged", "suspension"]),
            ("Desk Tools", ["Stapler", "Hole Punch", "Paper Trimmer", "Label Maker"], ["heavy-duty", "jam-free", "guillotine", "adhesive"])),
    ]},
    Department { name: "Workshop", words: ["durable", "precision", "repair"], sections: [
        section("Power Tools", ["cordless", "battery", "brushless"],
            ("Drills", ["Combi Drill", "Impact Driver", "Bit Set", "Hammer Drill"], ["keyless-chuck", "masonry", "high-torque", "hex-shank"]),
            ("Sanders", ["Orbital Sander", "Belt Sander", "Sanding Discs", "Detail Sander"], ["dust-extracting", "coarse-grit", "hook-and-loop", "finishing"])),
        section("Measuring", ["accurate", "calibrated", "marking"],
            ("Levels and Lasers", ["Spirit Level", "Laser Level", "Plumb Bob", "Distance Meter"], ["self-levelling", "cross-line", "magnetic-base", "vial"]),
            ("Rules and Squares", ["Tape Measure", "Combination Square", "Calliper", "Marking Gauge"], ["vernier", "etched", "locking", "millimetre"])),
        section("Joinery", ["timber", "carpentry", "joint"],
            ("Saws and Planes", ["Tenon Saw", "Block Plane", "Coping Saw", "Pull Saw"], ["fine-toothed", "crosscut", "dovetail", "shaving"]),
            ("Clamps and Glue", ["Bar Clamp", "Wood Glue", "Corner Clamp", "Spring Clamp"], ["quick-release", "wide-jaw", "water-resistant", "mitred"])),
        section("Safety", ["protective", "certified", "comfortable"],
            ("Eye and Ear", ["Safety Glasses", "Ear Defenders", "Face Shield", "Ear Plugs"], ["scratch-resistant", "noise-reducing", "wrap-around", "polycarbonate"]),
            ("Gloves and Masks", ["Work Gloves", "Dust Mask", "Knee Pads", "Welding Gloves"], ["cut-resistant", "valved", "nitrile-dipped", "leather-palm"])),
    ]},
];

/// A word that no language has, of two or three syllables, capitalised.
pub(super) fn made_up(rng: &mut StdRng) -> String {
    const ONSETS: [&str; 16] = [
        "b", "d", "f", "g", "k", "l", "m", "n", "p", "r", "s", "t", "v", "z", "br", "st",
    ];
    const VOWELS: [&str; 7] = ["a", "e", "i", "o", "u", "ea", "ai"];
    const ENDS: [&str; 10] = ["a", "an", "el", "in", "or", "um", "ar", "is", "ol", "ix"];
    let mut word = String::new();
    for _ in 0..rng.random_range(1..=2) {
        word += ONSETS.choose(rng).expect("not empty");
        word += VOWELS.choose(rng).expect("not empty");
    }
    word += ONSETS.choose(rng).expect("not empty");
    word += ENDS.choose(rng).expect("not empty");
    word[..1].to_uppercase() + &word[1..]
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn no_two_categories_say_the_same() {
        let sections = || {
            DEPARTMENTS
                .iter()
                .flat_map(|department| &department.sections)
        };
        let leaves = || sections().flat_map(|section| &section.leaves);
        let names: Vec<&str> = DEPARTMENTS
            .iter()
            .map(|department| department.name)
            .chain(sections().map(|section| section.name))
            .chain(leaves().map(|leaf| leaf.name))
            .collect();
        assert_eq!(names.len(), 6 + 24 + 48);
        assert_eq!(names.iter().collect::<HashSet<_>>().len(), names.len());
        let words: Vec<&str> = (DEPARTMENTS.iter().flat_map(|department| department.words))
            .chain(sections().flat_map(|section| section.words))
            .chain(leaves().flat_map(|leaf| leaf.nouns.into_iter().chain(leaf.words)))
            .chain(STYLES)
            .collect();
        let mut seen = HashSet::new();
        let twice: Vec<_> = words.iter().filter(|word| !seen.insert(**word)).collect();
        assert!(twice.is_empty(), "said of two categories: {twice:?}");
    }
}
