#include "proto/code_words.h"

#include <algorithm>
#include <cassert>
#include <cstddef>
#include <span>

#include "proto/limits.h"

namespace attune {
namespace {

// Our own list, eight words a line. It must survive being read aloud over a bad line: no two words
// sound alike, none is a number, and words that share their sound with another everyday word (see,
// sea) are left out. tests/proto/code_words_test.cpp holds the rules and pins the list, since an
// index is for ever.
constexpr std::string_view kList = R"(
aardvark abacus abalone aboard abode above abroad abundant
acacia academy acorn acoustic acrobat action adapt address
admire adobe adorn advance advice afloat after agenda
agile aglow ahead airfield airline airmail airport airy
alarm album alchemy alcove alder alert alfalfa algebra
alibi align alive alley almanac almond aloe along
alpaca alphabet alpine altitude alto amazing amber amble
amethyst amigo amplify amulet amuse anagram anchor anemone
angle angora animal anise anklet announce annual another
answer antelope antique antler anvil anybody apex appear
apple april apron aquarium arbor arcade archive arctic
arena argon armband armchair aroma around arrange arrival
arrow artist ashore aside aspen aster astral athlete
atlas atoll atrium attic auburn auction audio august
aurora author autumn avenue average aviator avocado awake
awesome awning axle azalea azure backpack bacon badge
bagel bagpipe baker balance balcony ballad bamboo banana
bandana bangle banjo banner banquet barber barefoot bargain
baritone bark barley barn barrel basalt basil basket
bathtub baton battery beacon beagle beaker beam beanbag
bedrock bedtime beehive beetle beige bellows below bench
beverage bicycle bigfoot bike bingo biology birch bird
birthday biscuit bison bistro blanket blazer blend blimp
blink blizzard bloom blossom blouse bluff boat bobbin
bobcat bobsled bodega bonanza bonfire bongo bonnet bonsai
bonus book boot botany bottle bounce bouquet bowler
bowtie boxcar bracelet brain bramble branch brave breeze
brick bridge bright brioche brisk broad broccoli bronze
brook broth brown brunch brush bubble bucket buddy
budget buffalo bugle builder bulldog bumper bundle bungalow
bunny bunting burlap burrito busker butter buzzer bypass
cabaret cabbage cabin cable caboose cacao cactus calendar
calico calm camel camper canary candle canister cannery
canoe canteen canyon capsule captain caramel carbon cardigan
cargo caribou carnival carousel carpet carton carve cascade
cashew cassette castle catfish cave caviar cayenne cedar
celery cellist celsius cement century ceramic chair chalet
champion channel chapter charm chatter cheese cherry chestnut
chicken chime china chip chirp chisel chive chorus
chowder chrome chuckle cicada cider cinema cinnamon circle
citrus clam clap clarinet classic clavicle clay clear
clerk clever cliff clinic cloak clock closet cloud
clover clown club clue clump coach coast cobalt
cobbler cobra cobweb coconut codfish coffee coin cola
coleslaw college colony colt column comedy comfort comic
comma compass concert cone confetti conga contour cookie
cool copper copy corduroy corgi cork corner corsage
cosmic costume cottage country coupon courage cousin cowbell
cowslip coyote crab cracker cradle crane crater cravat
crawl crayon cream crepe crescent cricket crimson crisp
crocus croquet crouton crown crumple crunchy crust crystal
cubic cuckoo cuddle cumulus cupboard cupcake curator curious
curl curry cursor curtain curve cushion custard cyan
cycle daffodil dahlia daily daisy dance dandy dapper
dashing dawdle daylight dazzle decimal decorate delight delta
dendrite denim dentist derrick design desk dewdrop dewy
diagram dial diamond diary dice digger digit diligent
dill dimple diner dinghy dinosaur diorama diploma disco
dish ditto diver divot docile doctor dodge dogwood
dollar dolphin dome domino donate donkey doodle door
dormouse dory dotted dowel downtown dragon drake drama
drapes draw dream dress drift drive drizzle droplet
drummer duck duet duffel dugout dulcimer dumpling dune
durable dustpan dynamic eagle early earmuff earring earth
easel east easy ebony echo eclair eclectic eclipse
ecology economy eddy edible editor educate eggnog eggshell
elastic elbow electric elegant elephant elevator elfin elixir
ellipse elm embark emblem emerald emotion emporium enchant
encore energy engine enjoy ensemble entree envelope envoy
enzyme epic epilogue episode epoch equator equinox erase
ermine espresso etch eureka evening example exercise exhale
exhibit exotic expanse explore eyebrow eyelash fable fabric
fabulous factory fairway fajita falafel falcon falsetto family
fancy fanfare farewell farm fashion fathom faucet feast
feather fedora feedback feldspar felt femur fence fern
fescue festival fiber fiction fiddle field fiesta figure
filigree fillet film filter finale finch finger firefly
fishbowl fixture fizz fjord flag flame flannel flapjack
flashy flaxseed fleece flex flicker flight flint flip
float flock floor florist flotsam flourish fluent fluffy
flume flurry flute foam focus foggy foil folder
folio fondue food foothill forest fork fortune fossil
fountain foxglove foxtrot fragrant frame freckle freezer fresh
friend frisbee fritter frog frolic front frost frozen
fruit fudge fuel fulcrum funfair funnel furlong furnace
furry futon fuzzy gadget gaggle galaxy gallery galosh
game gamut gannet gantry garage garden gargle garland
garment garnet gasket gateway gather gauge gauntlet gauze
gavel gazebo gecko gelatin gem generous genial gentle
geode geology geranium gerbil giant gibbon giddy gift
gigantic giggle ginger ginkgo giraffe gizmo glacier gladly
glance glass glaze gleam glide glimmer glisten glitter
globe glossy glove glow glucose gnome goatee gobble
goblet goggles goldfish golf gondola gong goose gopher
goulash gourmet grammar granite grape grassy grateful gravel
greet grid griffin grill grin grocery grommet groove
grotto grow guava guide guitar gull gumball gumdrop
gusto gutter gymnast hacksaw haddock haiku halcyon halibut
hallway halogen halter hammer hamper hamster handbag hangout
happily harmony harp harvest hatch haven hawk hayloft
hayride haystack hazel headline health hearty heath hedgehog
heirloom helium hello helmet hemline heptagon herbal heron
herring hexagon hibiscus hiccup hickory hideout highway hike
hilltop hinge hippo history hive hobby hockey hoist
holiday hollow hologram homework honey hood hoopla hopeful
horizon hornet hotdog hotel hound hourly house hover
hubbub huddle hula human humid hummus hurry hyacinth
hybrid hydrant hygiene icebox icicle icing icon icy
idiom idyllic igloo ignite iguana image improve inbox
inch incline indent indigo indoor infield inkblot inkwell
inland inside inspire instant interest intro invest invite
invoice iodine iris iron irrigate island item ivory
ivy jabber jackal jade jaguar janitor jargon jasmine
jasper jaywalk jazz jelly jersey jester jiffy jigsaw
jingle job jockey jogger joke jolly journal jovial
joyful joystick jubilee judo jug juicy jukebox julep
jumbo jump junction june jungle juniper junket jupiter
kangaroo karate kayak kazoo kebab keepsake kelp kerchief
kestrel ketchup kettle keyboard keyhole keynote khaki kid
kilogram kilt kimono kindling kingfish kinship kiosk kipper
kitchen kite kitten kiwi knack knapsack knee koala
kudos kumquat lace lacrosse ladle ladybug lagoon lake
lamp landmark language lantern lapel lapis laptop larch
largo lariat lark lasagna laser lasso lather latitude
latte laugh laundry laurel lava lavender lawn lawyer
layout leaf leapfrog learn lecture ledge legend lemon
lemur lens lentil leopard letter level library lifeboat
lift light lilac lilt lily limerick linden linen
linguist lining linoleum lint lion lizard loaf lobby
lobster local locket locust lodestar lodge loft log
lollipop long lookout loom loop lotion lottery lotus
lounge lovebird loyal lozenge lucky luggage lullaby lunar
lunch luxury lyric macaroni maestro magazine magenta magic
magma magnet magpie mahogany mailbox majestic mallard malt
mamba mammoth manatee mandolin mango manicure manor mansion
mantis maple marathon marble march marigold marjoram market
marlin marmot maroon marzipan mascot masonry matchbox matinee
matrix mattress maybe maypole meadow meal meander meatball
mechanic medicine meerkat mellow melody memory mentor menu
mercury meringue mermaid mesa mesh message meteor metro
midnight migrate milk millet mime mimosa mineral mingle
minibus mink minnow mint miracle mirror mischief misty
mitten mixture mobile mocha modern mohair molasses monday
mongoose monitor monkey monocle monsoon monument moon moped
morel mosaic mosquito moss motel mother motion motor
motto mountain mouse movie muddy muesli muffin mug
mulberry mulch mule mural museum mushroom music muskrat
muslin mustang myriad myrtle mystery nacho napkin narrow
narwhal nature nautilus navigate navy neat nebula necklace
nectar needle neon nephew nest nettle network newborn
newt nexus nickel niece nifty nightcap nimble noble
nod noggin noisy noodle nook north notebook nougat
novel nudge nugget nurse nuthatch nutmeg nutshell nylon
oak oarsman oasis oatcake oatmeal obelisk oblong oboe
ocarina ocean ocelot ochre octagon october odometer odyssey
offbeat office ogre okapi okra olive omega omit
onion online onyx oodles oolong opal opera opossum
optical orange orbit orchard oregano origami oriole ornament
orzo osprey ostrich otter ottoman outdoor outfit outline
oval oven overcoat owl oxygen oyster ozone pacific
package paddle padlock pageant paint palace palm pampas
panache pancake panda panel pansy pantry papaya paper
paprika papyrus parade parcel parfait parka parrot parsley
pasta path patient pattern pavement pavilion pavlova peanut
pebble pecan pedigree pegboard pelican pelt pencil pendant
penguin pennant peony peppery perform petunia pewter phantom
pharmacy pheasant phoenix photo phrase piano piccolo pickle
picnic picture piglet pigtail pilot pinafore pinball pinecone
pink pinnacle pinto pinwheel pioneer pipeline piston pivot
pixel pixie pizza placid plaid planet plaque plaster
platform player plaza pleasant pledge plenty pliers plinth
plover plug plumage plunger plush plywood podcast podium
poem pogo polar polenta polite polka pollen polygon
pomelo pompom poncho pond pontoon pool popcorn poppy
porch porpoise porridge portrait postcard potato potion pottery
pouch powder prairie praline prance precious prelude premise
presto pretzel preview primrose print prism project promise
protein proud prowl prune pudding pueblo puffin pulley
pulsar puma pumpkin punctual puppet purple purr purse
pushcart puzzle pylon pyramid python quack quadrant quail
quarry quasar quench quiche quiet quill quince quiver
quiz quote rabbit raccoon racer radar radiant rafter
railway rainbow raisin rambler ramekin ranch ranger rapport
ratchet ratio rattle raven ravine rayon recent recipe
recycle redwood reef refresh regal registry reindeer rejoice
relax relish rely remind remnant remote replay repose
research resin reunion reverie revive rewind rhino rhombus
rhubarb rhythm ribbon rice rickshaw ride ridge riff
rig ringlet ripen ripple risotto river riviera roadway
roam roast robe robin robot robust rocket rodeo
rollick romaine roof rookie room rooster rosemary rosy
rotate rotunda rowboat royal ruby rucksack rudder ruffle
rugby ruler rumble runner runway russet rustic rutabaga
sable sachet saddle safari saffron sage sailor salad
salmon salon salsa saltine salute samba samovar sample
sandal sapling sapphire satchel saucer sauna savanna sawdust
scallop scamper scarf scatter schedule school science scissors
sconce scooter score scout scramble screen scribble scroll
scuba sculptor seafood seagull seahorse seal season seat
seaweed sector sedan seesaw semester semolina sensor sepia
sequel serene sesame shadow shaker shale shampoo shanty
shape shawl shed sheep shelf shepherd shimmer shoelace
shortcut shoulder shovel shrimp shrub shuffle shuttle sidewalk
sierra siesta sift signal silica silk silo silver
simile simmer singer sirloin sitcom skate sketch ski
skylark slant slate sled sleeve slice slide sling
slipper slither slogan slumber smile smith smooth smudge
snack snail snapshot sneaker snippet snooze snorkel snout
snowman snug soap soccer socket soda sofa soft
soil soiree solar solo solstice sonar songbird sonnet
soprano sorbet soup sour souvenir soybean space spaniel
spark spatula spectrum sphere spice spider spigot spinach
spiral splash splendid splurge spoke sponge spoon sport
spray spring sprout spruce spud spyglass square squeeze
squid stable stadium staff stage stamp stanza stapler
star statue steam steeple stellar stem stencil stereo
stew stick stilt stingray stir stitch stone stool
storm stove straw stream string strong strudel stub
stucco student sturgeon suburb subway suffix sugar suitcase
sultana sumac summer sundial sunrise supper surface surprise
surrey survey sushi swan swap sway sweater sweep
swift swing swirl switch swoop sycamore syllable symphony
syrup tabby table tadpole taffeta tag tailor talcum
talent tamarind tandem tangle tapestry tapioca tarragon tartan
taste tattoo taxi teacher teal teapot teaspoon teepee
tempo tendon tennis tenor tent terrace tether textile
thankful thermos thicket thimble thistle thread thrifty throttle
thrush thumb thunder tiara ticket tidal tiger tilt
timpani tinsel tiptoe tissue toast toboggan today toffee
tofu tollgate tomato tomorrow tonic toolbox tooth topaz
topcoat topic topple topsoil torch tornado torque tortoise
tostada toucan tourist tower tractor trail tram trapeze
travel tray treasure tree trek trellis tremor triangle
triceps trinket trio triple troika trolley trombone tropical
trout trowel truck truffle trumpet tube tugboat tuition
tulip tumble tuna tundra tungsten tunnel turban tureen
turf turkey turnip turtle tusk tutor tutu tuxedo
twang tweed twice twig twilight twine twirl twist
tycoon type typhoon ukulele ultimate ultra umbrella umpire
unbutton uncle unicorn uniform unlit upbeat upgrade upkeep
upland uplift upper upright upstairs uptown upward urgent
useful user utility vacation valiant valley valve vanilla
varnish vehicle velcro vellum velour velvet verbena vertex
vest vibrant video view village vinegar vintage vinyl
viola virtuoso vision vista vitamin vivid vocal voice
volcano volt volume voucher voyage waffle wagon waiter
walkway wallet walnut walrus waltz wand warbler wardrobe
warm washer watch waterway wattle wavy waxwing waypoint
weasel website weekend welcome welder wellness west wheat
whimsy whippet whirl whisk wigwam wildlife willow wilt
window wing winter wisdom wise wishbone wisteria witness
wizard wolf wombat wooden wool workshop woven wreath
wrinkle yacht yak yard yarn yawn year yeast
yellow yelp yeoman yeti yodel yoga yonder yoyo
yummy zany zebra zenith zephyr zest zigzag zinc
zinnia zipper zircon zither zodiac zone zoo zucchini
)";

constexpr bool is_letter(char c) { return c >= 'a' && c <= 'z'; }

constexpr std::size_t count_words(std::string_view list) {
  std::size_t count = 0;
  for (std::size_t i = 0; i + 1 < list.size(); ++i) {
    if (is_letter(list[i]) && !is_letter(list[i + 1])) ++count;
  }
  return count;
}
static_assert(count_words(kList) == limits::kCodeWords);

constexpr std::array<std::string_view, limits::kCodeWords> split(std::string_view list) {
  std::array<std::string_view, limits::kCodeWords> words{};
  std::size_t count = 0;
  std::size_t start = 0;
  for (std::size_t i = 0; i < list.size(); ++i) {
    if (is_letter(list[i])) continue;
    if (i > start) words[count++] = list.substr(start, i - start);
    start = i + 1;
  }
  return words;
}

constexpr auto kWords = split(kList);

std::string to_lower(std::string_view text) {
  std::string out{text};
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

// The words that start with `prefix`, as a part of the sorted list.
std::span<const std::string_view> range_of(std::string_view prefix) {
  auto head = [prefix](std::string_view word) { return word.substr(0, prefix.size()); };
  auto range = std::ranges::equal_range(kWords, prefix, {}, head);
  return {range.begin(), range.end()};
}

std::optional<std::uint16_t> parse_nameplate(std::string_view text) {
  if (text.size() != 4) return std::nullopt;
  int value = 0;
  for (char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + (c - '0');
  }
  return static_cast<std::uint16_t>(value);
}

// The four parts of a code between blanks and hyphens; nullopt for fewer or more.
std::optional<std::array<std::string_view, 4>> split_code(std::string_view text) {
  constexpr std::string_view kBetween = " \t-";
  std::array<std::string_view, 4> parts;
  for (std::string_view& part : parts) {
    text.remove_prefix(std::min(text.find_first_not_of(kBetween), text.size()));
    part = text.substr(0, text.find_first_of(kBetween));
    if (part.empty()) return std::nullopt;
    text.remove_prefix(part.size());
  }
  if (text.find_first_not_of(kBetween) != std::string_view::npos) return std::nullopt;
  return parts;
}

}  // namespace

const std::array<std::string_view, 2048>& code_words() { return kWords; }

std::optional<std::uint16_t> find_code_word(std::string_view typed) {
  if (typed.empty()) return std::nullopt;
  const std::string lower = to_lower(typed);
  const auto range = range_of(lower);
  if (range.size() != 1 && (range.empty() || range.front() != lower)) return std::nullopt;
  return static_cast<std::uint16_t>(range.data() - kWords.data());
}

std::vector<std::string_view> complete_code_word(std::string_view typed) {
  const std::string lower = to_lower(typed);
  const auto range = range_of(lower);
  return {range.begin(), range.end()};
}

std::string to_text(const SpokenCode& code) {
  std::string digits = std::to_string(code.nameplate);
  assert(digits.size() <= 4);
  std::string out(4 - digits.size(), '0');
  out += digits;
  for (std::uint16_t word : code.words) {
    assert(word < kWords.size());
    out += '-';
    out += kWords[word];
  }
  return out;
}

std::optional<SpokenCode> parse_spoken_code(std::string_view text) {
  const auto parts = split_code(text);
  if (!parts) return std::nullopt;
  const auto nameplate = parse_nameplate((*parts)[0]);
  if (!nameplate) return std::nullopt;
  SpokenCode code{.nameplate = *nameplate, .words = {}};
  for (std::size_t i = 0; i < code.words.size(); ++i) {
    const auto word = find_code_word((*parts)[i + 1]);
    if (!word) return std::nullopt;
    code.words[i] = *word;
  }
  return code;
}

}  // namespace attune
