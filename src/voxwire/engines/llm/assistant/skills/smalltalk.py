"""Greeting, help, and saying plainly what is speaking."""

from typing import Final

from voxwire.engines.llm.assistant.grammar import Match
from voxwire.engines.llm.assistant.skills.skill import Skill, SkillContext, reply, skill

GREETING: Final = (
    "Hello, this is the offline assistant of Voxwire. "
    "I can tell the time, calculate, convert units, and use the functions you give me. How can I help?"
)
HELP: Final = (
    'You can ask me, for example: "What time is it in Tokyo?", "What is twelve times seven?", '
    '"How many kilometers are in ten miles?", "Spell necessary", "Repeat after me", "Count to ten" or "Flip a coin". '
    "I answer questions that your instructions answer word for word, and I call the functions you declare."
)
WHO: Final = (
    "I am the offline assistant of Voxwire: a small set of rules, not a language model. I run without any download, "
    "so that speech in and speech out work at once. "
    "If you want a real model, the person who runs this server starts it with the option --llm and the address "
    "of a model; "
    'the page "Attach a model" of the documentation says how.'
)


def _again(_match: Match, context: SkillContext) -> str:
    return context.last_said or "I have not said anything yet."


GREETS: Final = reply(
    GREETING,
    "(hello|hi|hey|greetings|good morning|good afternoon|good evening) [hello|there|assistant|everyone]",
    "[please] (assist|greet|welcome) (the user|me|us)",
    "(start|begin) [the] conversation",
    "introduce yourself [to the user]",
)

SKILLS: Final[tuple[Skill, ...]] = (
    GREETS,
    reply(
        HELP,
        "[i need] [some] help [me]",
        "(can|could) you help [me] [out]",
        "how can you help [me]",
        "[hello|okay|so|please tell me|tell me] what (can|do) you do [for me]",
        "what are you able to do",
        "what can i (ask|say) [you] [to you]",
        "what are your (skills|abilities|capabilities)",
    ),
    reply(
        WHO,
        "[hello|hi|hey|okay|so|tell me|please|well|and] (who|what) are you [exactly|please|actually]",
        "[hello|hi|okay|so|tell me|please] (what is|what's) your name [please]",
        "(what|which) [language] model (are you|is this|am i talking to)",
        "(who|what) am i (talking|speaking) (to|with)",
        "tell me about yourself",
        "are you (a|an) (robot|human|person|computer|machine|language model|artificial intelligence|ai|bot)",
        "are you (real|human|chat gpt|chatgpt|gpt|gpt 4|gpt four|open ai|openai)",
        "(who|what) (made|built|created) you",
        "how do (i|you) (attach|connect|use) a real model",
    ),
    skill(
        _again,
        "(say|repeat) (that|it|yourself) [again|once more|one more time]",
        "(can|could) you (say|repeat) that [again]",
        "(pardon|pardon me|i beg your pardon|come again|repeat|once more|one more time)",
        "[sorry|excuse me] what (was that|did you [just] say)",
        "[sorry|excuse me] i (didn't|did not) (catch|hear|get|understand) (that|you)",
    ),
    reply(
        "I am well, thank you. What can I do for you?",
        "[hello|hi|hey|good morning|good evening] [there] how are you [doing|feeling] [today]",
        "[hello|hi|hey] (how is|how's) it going [today]",
        "(what is|what's) up",
    ),
    reply("You are welcome.", "(thanks|thank you) [so much|very much|a lot|for your help|again]", "thanks a million"),
    reply(
        "All right.",
        "(stop|quiet|silence|enough|cancel|wait|never mind|forget it|shut up|be quiet) [it|that|now]",
        "(stop|quit) talking",
        "that is (all|enough|it|fine|good|great)",
        "that's (all|enough|it|fine|good|great)",
        "(okay|ok|alright|all right|fine|great|good|perfect|cool|nice|i see|got it)",
        "no [thanks|thank you]",
    ),
    reply("Yes, I can hear you.", "can you hear me", "are you (there|listening|still there)", "is this (working|on)"),
    reply("What would you like?", "(yes|yeah|yep|sure|yes please)", "i have a question"),
    reply(
        "Goodbye.",
        "(goodbye|good bye|bye|bye bye|see you|see you later|see you soon|farewell|good night) [for now|assistant]",
    ),
)
