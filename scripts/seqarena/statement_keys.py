"""What only a person can say of a study: the keys of `statements` in the configuration.

The report's table of disclosures (DOME, REFORMS) is filled in from the run; where the run can't
know the answer, it takes the text of one of these keys.
"""

STATEMENT_KEYS = {
    "population": "Which sequences, organisms or conditions the conclusions are about.",
    "population_motivation": "Why these were chosen.",
    "machine_learning_motivation": "Why the question is put to machine learning.",
    "data_source": (
        "Where sequences and labels come from (database, publication, experiment), when and how "
        "they were collected and labelled, and who has used them before."
    ),
    "data_availability": "Where the data and the split are published: link or DOI, and licence.",
    "sampling_frame": "From what larger set the records were drawn, and how.",
    "data_suitability": "Why these data can answer the question.",
    "outcome_definition": "What the label or value means and how it was measured.",
    "missing_data": "How much was missing before the data came here, by class.",
    "representativeness": "Why the records stand for the population of the conclusions.",
    "exclusions": "What was left out or filtered before the data came here, and why.",
    "earlier_processing": "What was done to the raw data before, and what information it used.",
    "model_choice": "Why these kinds of model were chosen; for a new one, why not a known one.",
    "tuning": "What was tried before this run, and on which records it was judged.",
    "interpretability": "How far the models can be understood, with examples.",
    "prediction_time": "How long one prediction takes, and on what machine.",
    "feature_legitimacy": (
        "Why what the models are given is known when a prediction is made and doesn't hold the "
        "answer."
    ),
    "metric_choice": "Why the primary metric suits the question and the field.",
    "published_methods": "How published methods do on the same data and split.",
    "test_assumptions": "Why the statistical tests suit these data.",
    "external_validity": "Evidence from other data: other laboratories, organisms, conditions.",
    "limitations": "Where the findings are not expected to hold.",
    "configuration_availability": (
        "Where the configuration and the trained models are published: link or DOI, and licence."
    ),
    "software_availability": (
        "Where the code is published and how it can be run: link or DOI, and licence."
    ),
    "evaluation_availability": (
        "Where predictions and tables of results are published: link or DOI, and licence."
    ),
}
"""Key to what it is for, in one line."""
