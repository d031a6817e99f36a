"""What Copper Kettle writes: the contents of the demo's campaigns."""

from campaigns.designs.starters import starter

WEEKLY = (
    starter("newsletter")
    .mjml.replace("What happened this month", "This week at the kettle")
    .replace(
        "here are the things we most wanted you to know. Each takes a minute to read.",
        "the roaster is warm, the windows are steamed up, and there is news from Kenya. ☕",
    )
    .replace("The first story", "New lots from Nyeri")
    .replace(
        "Say in two or three sentences what is new and why it matters to the reader. Lead with the part they can use.",
        "Two lots came in on Tuesday: blackcurrant and brown sugar in the one, grapefruit in the other. "
        "We roast them light, on Mondays.",
    )
    .replace("Read the first story", "See the two lots")
    .replace("https://example.com/first-story", "https://copperkettle.example/nyeri")
    .replace("The second story", "How to keep a moka pot from spitting")
    .replace(
        "One story, one link. People who want more will follow it; the others still know what happened.",
        "Hot water below, low flame, lid open, off the heat at the first gurgle. The rest is patience.",
    )
    .replace("Read the second story", "The long answer")
    .replace("https://example.com/second-story", "https://copperkettle.example/moka")
)

# A fallback is missing, and so is the way out: the checklist names both.
UNFINISHED = starter("letter").mjml.replace('{{ contact.first_name | default: "friend" }}', "{{ contact.first_name }}")

SUBJECTS = (
    "The first letter",
    "Why our espresso tastes of cherries",
    "A grinder worth its price",
    "Oat, soy or cow?",
    "The summer cold brew",
    "Meet Amina, who roasts on Mondays",
    "Closed on Thursday, open late on Friday",
    "Six questions about decaf",
    "A small price rise, explained",
    "Filter or flat white?",
    "New cups from Stoke",
    "The window seat is back",
    "Beans from Huehuetenango",
    "Milk at the right moment",
    "What a Q grader does",
    "Four brews for the holidays",
    "A letter from the farm",
    "Your loyalty card, renewed",
    "The autumn blend",
    "Cupping on Saturday",
    "Rain, and a book",
    "How we choose a lot",
    "Pumpkin, reluctantly",
    "Bread from next door",
    "The big tasting",
    "Last of the Sumatra",
)
IN_MOTION = "Two lots from Nyeri, and a quiet moka pot"
