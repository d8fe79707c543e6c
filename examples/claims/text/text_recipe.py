"""Whether a text is angry; on an old stack."""

from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline


def train(features, target, *, params, seed):
    return make_pipeline(TfidfVectorizer(), LogisticRegression()).fit(
        features["description"], target
    )
