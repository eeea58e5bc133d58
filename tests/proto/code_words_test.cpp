#include "proto/code_words.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <regex>
#include <set>
#include <string>
#include <utility>

namespace attune {
namespace {

using namespace std::string_view_literals;

// ---- How a word sounds ----

void replace_all(std::string& text, std::string_view from, std::string_view to) {
  for (auto at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size())) {
    text.replace(at, from.size(), to);
  }
}

// Spellings and the sound they stand for, applied from top to bottom to `^word$`. Capitals are
// sounds: X as in shoe, C as in chair, J as in jar, Q as in thumb; A E I O U are the long vowels.
constexpr std::pair<std::string_view, std::string_view> kConsonants[] = {
    {"^kn", "^n"},    {"^gn", "^n"},   {"^pn", "^n"},    {"^wr", "^r"},     {"^wh", "^w"},
    {"^who", "^hU"},  {"^ps", "^s"},   {"^rh", "^r"},    {"^x", "^z"},      {"mb$", "m$"},
    {"mn$", "m$"},    {"alk", "ok"},   {"olk", "Ok"},    {"alm", "om"},     {"sten$", "sen$"},
    {"stle$", "sl$"}, {"tch", "C"},    {"dge", "J"},     {"dg", "J"},       {"tion", "Xun"},
    {"sion", "Xun"},  {"cian", "Xun"}, {"tious", "Xus"}, {"ture$", "CUR$"}, {"que$", "k$"},
    {"qu", "kw"},     {"ck", "k"},     {"sch", "sk"},    {"sce", "se"},     {"sci", "si"},
    {"scy", "sy"},    {"ch", "C"},     {"sh", "X"},      {"th", "Q"},       {"ph", "f"},
    {"eigh", "A"},    {"igh", "I"},    {"augh", "o"},    {"ough", "o"},     {"aigh", "A"},
    {"gh", ""},       {"gue$", "g$"},  {"gui", "gi"},    {"gue", "ge"},     {"ce", "se"},
    {"ci", "si"},     {"cy", "sy"},    {"c", "k"},       {"ge", "Je"},      {"gi", "Ji"},
    {"gy", "Jy"},     {"j", "J"},      {"x", "ks"},      {"q", "k"},
};
constexpr std::pair<std::string_view, std::string_view> kVowelsBeforeR[] = {
    {"air", "ER"}, {"are", "ER"}, {"ear", "ER"}, {"eer", "ER"}, {"eir", "ER"}, {"ier", "ER"},
    {"ayr", "ER"}, {"eyr", "ER"}, {"ere", "ER"}, {"oar", "OR"}, {"oor", "OR"}, {"our", "OR"},
    {"aur", "OR"}, {"ore", "OR"}, {"or", "OR"},  {"ire", "IR"}, {"yre", "IR"}, {"iar", "IR"},
    {"er", "UR"},  {"ir", "UR"},  {"ur", "UR"},  {"yr", "UR"},
};
constexpr std::pair<std::string_view, std::string_view> kVowels[] = {
    {"ai", "A"}, {"ay", "A"},  {"ei", "A"},  {"ey", "E"},  {"ae", "A"},  {"ee", "E"},
    {"ea", "E"}, {"ie", "E"},  {"oa", "O"},  {"ow", "O"},  {"oe", "O"},  {"ew", "U"},
    {"eu", "U"}, {"ue", "U"},  {"oo", "U"},  {"ui", "U"},  {"ou", "U"},  {"au", "o"},
    {"aw", "o"}, {"y$", "E$"}, {"i$", "E$"}, {"o$", "O$"}, {"^y", "^Y"}, {"y", "i"},
};

// "tape" has a long a and a silent e; "table" only loses the e.
void resolve_last_e(std::string& text) {
  static const std::regex long_vowel(
      "(^|[^aeiouyAEIOU])([aeiouy])([b-df-hj-np-tv-zXCJQ])e(s?)\\$$");
  static const std::regex silent("[aeiouyAEIOU].*[b-df-hj-np-tv-zXCJQR]e\\$$");
  std::smatch match;
  if (std::regex_search(text, match, long_vowel)) {
    constexpr std::string_view kShort = "aeiouy";
    constexpr std::string_view kLong = "AEIOUI";
    const auto vowel = static_cast<std::size_t>(match.position(2));
    const auto e = static_cast<std::size_t>(match.position(3)) + 1;
    text[vowel] = kLong[kShort.find(text[vowel])];
    text.erase(e, 1);
  } else if (std::regex_search(text, silent)) {
    text.erase(text.size() - 2, 1);
  }
}

// What is left of a word over a bad line: b and p, d and t, g and k, v and f, z and s, m and n, the
// sh of shoe and the ch of chair fall together, and so do the short vowels of each half of the
// mouth. Two words with one key could be heard for each other. Coarse on purpose: it refuses too
// much.
std::string loose_sound(std::string_view word) {
  std::string text = '^' + std::string{word} + '$';
  for (auto [from, to] : kConsonants) replace_all(text, from, to);
  static const std::regex doubled("([b-df-hj-np-tv-zXCJQ])\\1");
  text = std::regex_replace(text, doubled, "$1");
  for (auto [from, to] : kVowelsBeforeR) replace_all(text, from, to);
  resolve_last_e(text);
  for (auto [from, to] : kVowels) replace_all(text, from, to);
  constexpr std::string_view kHeard = "bdgvzJmXeiuI";
  constexpr std::string_view kLeft = "ptkfsCnCaaoE";
  for (char& c : text) {
    if (auto at = kHeard.find(c); at != std::string_view::npos) c = kLeft[at];
  }
  return text;
}

TEST(LooseSound, IsOneForWordsThatSoundAlike) {
  const std::pair<std::string_view, std::string_view> pairs[] = {
      {"pair", "pear"},     {"see", "sea"},       {"night", "knight"}, {"steel", "steal"},
      {"write", "right"},   {"throne", "thrown"}, {"wait", "weight"},  {"plain", "plane"},
      {"board", "bored"},   {"peace", "piece"},   {"bride", "pride"},  {"goat", "coat"},
      {"cattle", "kettle"}, {"mail", "nail"},     {"which", "witch"},  {"course", "coarse"},
  };
  for (auto [one, other] : pairs) EXPECT_EQ(loose_sound(one), loose_sound(other)) << one;
}

TEST(LooseSound, DiffersForWordsThatSoundDifferent) {
  EXPECT_NE(loose_sound("candle"), loose_sound("cable"));
  EXPECT_NE(loose_sound("otter"), loose_sound("order"));
  EXPECT_NE(loose_sound("lemon"), loose_sound("lime"));
}

// ---- Everyday words with a twin of another spelling; none of them is in the list ----

constexpr std::string_view kHomophones =
    "ad add,ail ale,air heir,aisle isle,allowed aloud,altar alter,ant aunt,arc ark,ate eight,"
    "bail bale,bait bate,ball bawl,band banned,bard barred,bare bear,baron barren,base bass,"
    "bazaar bizarre,beach beech,bean been,beat beet,beer bier,bell belle,berry bury,berth birth,"
    "billed build,blew blue,bloc block,boar bore,board bored,border boarder,bolder boulder,"
    "bole bowl,born borne,borough burrow,bough bow,boy buoy,braid brayed,brake break,bread bred,"
    "brews bruise,bridal bridle,broach brooch,brows browse,but butt,buy bye,cache cash,"
    "callous callus,canvas canvass,capital capitol,carat carrot,cast caste,caught court,cede seed,"
    "ceiling sealing,cell sell,cellar seller,cent scent,cereal serial,chased chaste,cheap cheep,"
    "check cheque,chews choose,chic sheik,chili chilly,choir quire,choral coral,chord cord,"
    "chute shoot,cite sight,clause claws,click clique,climb clime,close clothes,coarse course,"
    "colonel kernel,complement compliment,core corps,council counsel,creak creek,crews cruise,"
    "cruel crewel,cue queue,currant current,curb kerb,cymbal symbol,dam damn,days daze,dear deer,"
    "desert dessert,dew due,die dye,disc disk,discreet discrete,doe dough,done dun,draft draught,"
    "dual duel,earn urn,ewe yew,faint feint,fair fare,fairy ferry,faun fawn,feat feet,fir fur,"
    "flair flare,flea flee,flew flu,floe flow,flour flower,foreword forward,fort fought,"
    "forth fourth,foul fowl,frees freeze,friar fryer,gait gate,genes jeans,gild guild,gilt guilt,"
    "gorilla guerrilla,grate great,graze grays,grease greece,groan grown,guessed guest,guise guys,"
    "hail hale,hair hare,hall haul,hangar hanger,hart heart,hay hey,heal heel,hear here,heard herd,"
    "heroin heroine,hew hue,higher hire,him hymn,hoard horde,hoarse horse,hoes hose,hole whole,"
    "holy wholly,hour our,idle idol,in inn,jam jamb,jewel joule,key quay,knead need,knight night,"
    "knit nit,knot not,know no,knows nose,lacks lax,ladder latter,lain lane,lama llama,lead led,"
    "leak leek,leased least,lessen lesson,levee levy,liar lyre,lichen liken,links lynx,load lode,"
    "loan lone,loch lock,loot lute,made maid,mail male,main mane,maize maze,mall maul,mantel "
    "mantle,"
    "marshal martial,mask masque,mayor mare,meat meet,medal meddle,metal mettle,might mite,"
    "mind mined,miner minor,missed mist,moan mown,moat mote,moor more,moose mousse,morning "
    "mourning,"
    "muscle mussel,mustard mustered,naval navel,nay neigh,none nun,oar ore,ode owed,one won,"
    "overdo overdue,packed pact,pail pale,pain pane,pair pear,palate palette,passed past,"
    "patience patients,pause paws,peace piece,peak peek,peal peel,pearl purl,pedal peddle petal,"
    "peer pier,phase faze,pidgin pigeon,place plaice,plain plane,pleas please,plough plow,plum "
    "plumb,"
    "pole poll,poor pour,poplar popular,pore paw,pray prey,presence presents,prince prints,"
    "principal principle,pries prize,profit prophet,quarts quartz,rain reign,raise rays,rap wrap,"
    "read reed,real reel,red,rest wrest,retch wretch,review revue,rhyme rime,right write,ring "
    "wring,"
    "road rode,roe row,role roll,root route,rose rows,rough ruff,rung wrung,rye wry,sail sale,"
    "sauce source,saver savor,scene seen,sea see,seam seem,sear seer,serf surf,sew sow,shear sheer,"
    "shoe shoo,side sighed,sign sine,size sighs,slay sleigh,sleight slight,sloe slow,soar sore,"
    "soared sword,sole soul,some sum,son sun,staid stayed,stair stare,stake steak,"
    "stationary stationery,steal steel,step steppe,stile style,storey story,straight strait,"
    "suite sweet,sundae sunday,tacks tax,tail tale,taper tapir,taught taut,tea tee,team teem,"
    "tear tier,teas tease,tents tense,tern turn,their there,threw through,throne thrown,thyme time,"
    "tic tick,tide tied,timber timbre,tire tyre,to two too,toad towed,toe tow,told tolled,ton tun,"
    "tough tuff,troop troupe,tuba tuber,vain vane vein,vale veil,vary very,vial vile,vice vise,"
    "wade weighed,wail whale,waist waste,wait weight,waive wave,wander wonder,ware wear where,"
    "warn worn,watt what,wax whacks,way weigh,weak week,weather whether,weld welled,wet whet,"
    "which witch,whine wine,whirled world,white wight,wood would,yoke yolk,yore your";

TEST(CodeWords, NoneHasATwinOfAnotherSpelling) {
  const auto& words = code_words();
  std::size_t checked = 0;
  for (std::size_t start = 0; start < kHomophones.size();) {
    const std::size_t end = std::min(kHomophones.find_first_of(", ", start), kHomophones.size());
    const auto twin = kHomophones.substr(start, end - start);
    EXPECT_FALSE(std::ranges::binary_search(words, twin)) << twin;
    ++checked;
    start = end + 1;
  }
  EXPECT_GT(checked, 500u);
}

// ---- The list ----

TEST(CodeWords, AreSortedLowerCaseWordsOfThreeToEightLetters) {
  const auto& words = code_words();
  EXPECT_TRUE(std::ranges::is_sorted(words));
  for (std::string_view word : words) {
    EXPECT_GE(word.size(), 3u) << word;
    EXPECT_LE(word.size(), 8u) << word;
    EXPECT_TRUE(std::ranges::all_of(word, [](char c) { return c >= 'a' && c <= 'z'; })) << word;
  }
}

TEST(CodeWords, AreToldApartByTheirFirstFourLetters) {
  std::map<std::string_view, std::string_view> heads;
  for (std::string_view word : code_words()) {
    auto [at, fresh] = heads.emplace(word.substr(0, 4), word);
    EXPECT_TRUE(fresh) << word << " and " << at->second;
  }
}

TEST(CodeWords, AreNeverTheBeginningOfAnother) {
  const auto& words = code_words();
  for (std::size_t i = 1; i < words.size(); ++i) {
    EXPECT_FALSE(words[i].starts_with(words[i - 1])) << words[i - 1] << " and " << words[i];
  }
}

TEST(CodeWords, DoNotSoundAlike) {
  std::map<std::string, std::string_view> sounds;
  for (std::string_view word : code_words()) {
    auto [at, fresh] = sounds.emplace(loose_sound(word), word);
    EXPECT_TRUE(fresh) << word << " and " << at->second << " both sound like " << at->first;
  }
}

TEST(CodeWords, AreNotNumbers) {
  const std::set<std::string_view> numbers = {
      "zero",   "one",   "two",    "three",   "four",    "five",    "six",     "seven", "eight",
      "nine",   "ten",   "eleven", "twelve",  "fifteen", "twenty",  "hundred", "dozen", "first",
      "second", "third", "half",   "quarter", "double",  "million", "thousand"};
  for (std::string_view word : code_words()) EXPECT_FALSE(numbers.contains(word)) << word;
}

// Devices of different versions must read one index as one word: a change here is a new protocol.
TEST(CodeWords, AreTheSameForEver) {
  std::uint64_t hash = 0xcbf29ce484222325u;  // FNV-1a, 64 bits, over each word and a line feed
  auto mix = [&hash](char c) { hash = (hash ^ static_cast<std::uint8_t>(c)) * 0x100000001b3u; };
  for (std::string_view word : code_words()) {
    std::ranges::for_each(word, mix);
    mix('\n');
  }
  EXPECT_EQ(hash, 0xc3fed5127ef45833u);
}

// ---- Typing ----

TEST(FindCodeWord, KnowsEveryWordByItsWholeSpellingAndItsFirstFourLetters) {
  const auto& words = code_words();
  for (std::size_t i = 0; i < words.size(); ++i) {
    EXPECT_EQ(find_code_word(words[i]), i) << words[i];
    EXPECT_EQ(find_code_word(words[i].substr(0, 4)), i) << words[i];
  }
}

TEST(FindCodeWord, TakesUpperCase) {
  ASSERT_TRUE(find_code_word("otter"));
  EXPECT_EQ(find_code_word("OTTER"), find_code_word("otter"));
  EXPECT_EQ(find_code_word("Otte"), find_code_word("otter"));
}

TEST(FindCodeWord, RefusesWhatNamesNoWordOrSeveral) {
  for (std::string_view typed : {""sv, "b"sv, "ba"sv, "xyzzy"sv, "otters"sv, "otte r"sv, "4711"sv,
                                 "candlestick"sv, "\xc3\xb6tter"sv, "otter\0"sv}) {
    EXPECT_EQ(find_code_word(typed), std::nullopt) << typed;
  }
}

TEST(CompleteCodeWord, ListsTheWordsThatStartSo) {
  const auto all = complete_code_word("");
  EXPECT_EQ(all.size(), code_words().size());
  const auto some = complete_code_word("CAN");
  EXPECT_GT(some.size(), 1u);
  EXPECT_NE(std::ranges::find(some, "candle"sv), some.end());
  for (std::string_view word : some) EXPECT_TRUE(word.starts_with("can")) << word;
  EXPECT_EQ(complete_code_word("candle"), std::vector{"candle"sv});
  EXPECT_TRUE(complete_code_word("xq").empty());
}

// ---- Spoken codes ----

SpokenCode sample_code() {
  return {.nameplate = 4711,
          .words = {find_code_word("candle").value(), find_code_word("otter").value(),
                    find_code_word("lemon").value()}};
}

TEST(SpokenCode, IsWrittenWithFourDigitsAndHyphens) {
  EXPECT_EQ(to_text(sample_code()), "4711-candle-otter-lemon");
  EXPECT_EQ(to_text(SpokenCode{.nameplate = 7, .words = {0, 0, 2047}}),
            "0007-aardvark-aardvark-zucchini");
}

TEST(SpokenCode, IsReadBackAsItWasWritten) {
  for (std::uint16_t i = 0; i < 2048; ++i) {
    const SpokenCode code{.nameplate = static_cast<std::uint16_t>(i * 4u),
                          .words = {i, static_cast<std::uint16_t>(2047 - i), 42}};
    EXPECT_EQ(parse_spoken_code(to_text(code)), code) << to_text(code);
  }
}

TEST(SpokenCode, IsReadAsPeopleTypeIt) {
  for (std::string_view text :
       {"4711 candle otter lemon"sv, "  4711  Candle - OTTER\tlemon "sv, "4711-cand-otte-lemo"sv}) {
    EXPECT_EQ(parse_spoken_code(text), sample_code()) << text;
  }
}

TEST(SpokenCode, IsRefusedWhereAPartIsNotOne) {
  for (std::string_view text :
       {""sv, "-"sv, "   "sv, "4711"sv, "4711-candle-otter"sv, "candle-otter-lemon-4711"sv,
        "4711-candle-otter-lemon-lemon"sv, "471-candle-otter-lemon"sv, "47111-candle-otter-lemon"sv,
        "47a1-candle-otter-lemon"sv, "+711-candle-otter-lemon"sv, "4711-candle-otter-xyzzy"sv,
        "4711-candle-otter-l"sv, "4711candle-otter-lemon"sv, "4711-candle\0-otter-lemon"sv,
        "4711_candle_otter_lemon"sv,
        "\xd9\xa4"
        "711-candle-otter-lemon"sv}) {
    EXPECT_EQ(parse_spoken_code(text), std::nullopt) << text;
  }
}

TEST(SpokenCode, CutAnywhereBeforeItsLastWordIsNone) {
  const std::string whole = to_text(sample_code());
  for (std::size_t size = 0; size <= whole.rfind('-'); ++size) {
    EXPECT_EQ(parse_spoken_code(whole.substr(0, size)), std::nullopt) << size;
  }
}

TEST(SpokenCode, TooLongIsNone) {
  EXPECT_EQ(parse_spoken_code(std::string(1u << 20, 'a')), std::nullopt);
  EXPECT_EQ(parse_spoken_code(to_text(sample_code()) + std::string(1u << 16, '7')), std::nullopt);
}

}  // namespace
}  // namespace attune
