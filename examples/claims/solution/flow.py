"""A claim: its segment, what the repair costs, how angry the customer is, and what that adds."""


def run(rows, members):
    mood = members.text.submit(rows[["description"]])  # works beside the next two
    segment = members.segmenter(rows)
    repair = members.route(segment.predictions, {"car": "car", "home": "home"})(rows)
    return members.ranker(
        rows.assign(repair=repair.predictions, p_angry=mood.result().probability("angry"))
    )
