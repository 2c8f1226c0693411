"""Training in a neighbourhood, without a common head: gossip mode.

Every peer keeps a model of its own. In each round it trains, shows its signed model to its neighbours, passes on to
each of them the signed record of one other peer, and averages the models it got by SybilWall's weights.

    records      who is known, and which record to pass on (pure)
    history      a model's history as a few hundred integers, and how alike two are (pure)
    aggregation  weights of neighbours, and the mean of their models, in integers (pure)
    graph        random geometric neighbourhoods with attack edges (pure)
    statements   what is signed: models, relayed records, scores of an epoch
    intake       what others sent: checked, fetched, refused with a reason
    delivery     what is sent to neighbours, as often as it takes
    peer         the rounds
    service      one peer as a process: `python -m node.neighbourhood --config FILE`

Source: Werthenbach and Pouwelse, "Towards Sybil resilience in decentralized learning", 2023.
"""
