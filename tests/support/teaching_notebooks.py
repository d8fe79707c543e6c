"""Notebooks as courses and competitions write them, with generated data; each ends with two lines.

Each is a list of cells. The last one packs what the notebook made: no other line is there for it.
"""

from __future__ import annotations

PASSENGERS = """
import numpy as np
import pandas as pd
rng = np.random.default_rng(1)
n = 600
train_df = pd.DataFrame({
    "PassengerId": np.arange(n),
    "Survived": rng.integers(0, 2, n),
    "Pclass": rng.integers(1, 4, n),
    "Name": [f"Smith, {rng.choice(['Mr', 'Mrs', 'Miss'])}. No {i}" for i in range(n)],
    "Sex": rng.choice(["male", "female"], n),
    "Age": np.where(rng.random(n) < 0.2, np.nan, rng.integers(1, 80, n)),
    "SibSp": rng.integers(0, 4, n),
    "Fare": rng.gamma(2.0, 15.0, n),
    "Embarked": rng.choice(["S", "C", "Q", None], n),
})
train_df.loc[train_df["Sex"] == "female", "Survived"] = rng.binomial(1, 0.75, (train_df["Sex"] == "female").sum())
train_df.to_csv("train.csv", index=False)
"""

NOTEBOOKS: dict[str, list[str]] = {
    "titanic": [
        PASSENGERS,
        "%matplotlib inline\nimport pandas as pd\ndf = pd.read_csv('train.csv')\ndf.head()",
        "df.isnull().sum()",
        """
df["Age"] = df["Age"].fillna(df["Age"].median())
df["Embarked"] = df["Embarked"].fillna(df["Embarked"].mode()[0])
df["Title"] = df["Name"].str.extract(r", (\\w+)\\.")
df["FamilySize"] = df["SibSp"] + 1
df = pd.get_dummies(df.drop(columns=["Name", "PassengerId"]), columns=["Sex", "Embarked", "Title"])
df.head()""",
        """
from sklearn.model_selection import train_test_split
from sklearn.ensemble import RandomForestClassifier
X = df.drop("Survived", axis=1)
y = df["Survived"]
X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.2, random_state=42)
model = RandomForestClassifier(n_estimators=50, random_state=42)
model.fit(X_train, y_train)
print(model.score(X_test, y_test))""",
        'import packager\npackage = packager.pack(model, df, target="Survived", name="titanic", output=OUT)',
    ],
    "iris": [
        """
from sklearn import datasets
import pandas as pd
iris = datasets.load_iris()
df = pd.DataFrame(iris.data, columns=iris.feature_names)
df["species"] = pd.Series(iris.target).map(dict(enumerate(iris.target_names)))
df.describe()""",
        """
from sklearn.neighbors import KNeighborsClassifier
from sklearn.model_selection import train_test_split
X, y = df[iris.feature_names], df["species"]
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
knn = KNeighborsClassifier(n_neighbors=3).fit(X_train, y_train)
knn.score(X_test, y_test)""",
        'import packager\npackage = packager.pack(knn, df, target="species", name="iris", output=OUT)',
    ],
    "wine": [
        """
import pandas as pd
from sklearn.datasets import load_wine
from sklearn.svm import SVC
from sklearn.pipeline import Pipeline
from sklearn.decomposition import PCA
from sklearn.preprocessing import StandardScaler
from sklearn.model_selection import GridSearchCV
wine = load_wine(as_frame=True).frame""",
        """%%time
pipe = Pipeline([("scale", StandardScaler()), ("pca", PCA()), ("svc", SVC())])
params = {"pca__n_components": [2, 5], "svc__C": [0.1, 1, 10]}
search = GridSearchCV(pipe, params, cv=3)
search.fit(wine.drop(columns="target"), wine["target"])""",
        "search.best_params_, search.best_score_",
        'import packager\npackage = packager.pack(search, wine, target="target", name="wine", output=OUT)',
    ],
    "housing": [
        """
import numpy as np, pandas as pd
rng = np.random.default_rng(0)
n = 800
housing = pd.DataFrame({
    "longitude": rng.uniform(-124, -114, n), "latitude": rng.uniform(32, 42, n),
    "total_rooms": rng.integers(10, 5000, n), "total_bedrooms": np.where(rng.random(n) < 0.05, np.nan, rng.integers(5, 900, n)),
    "households": rng.integers(5, 900, n), "median_income": rng.gamma(3, 1.3, n),
    "ocean_proximity": rng.choice(["INLAND", "NEAR BAY", "<1H OCEAN"], n),
})
housing["median_house_value"] = 40_000 * housing["median_income"] + rng.normal(0, 2e4, n)""",
        """
from sklearn.base import BaseEstimator, TransformerMixin
# column index
rooms_ix, households_ix = 2, 4

class CombinedAttributesAdder(BaseEstimator, TransformerMixin):
    def __init__(self, add_ratio=True): # no *args or **kargs
        self.add_ratio = add_ratio
    def fit(self, X, y=None):
        return self  # nothing else to do
    def transform(self, X):
        X = np.asarray(X)
        if not self.add_ratio:
            return X
        return np.c_[X, X[:, rooms_ix] / X[:, households_ix]]""",
        """
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.linear_model import LinearRegression
from sklearn.metrics import mean_squared_error
housing_num = housing.drop(columns=["ocean_proximity", "median_house_value"])
num_pipeline = Pipeline([
    ("imputer", SimpleImputer(strategy="median")),
    ("attribs_adder", CombinedAttributesAdder()),
    ("std_scaler", StandardScaler()),
])
full_pipeline = ColumnTransformer([
    ("num", num_pipeline, list(housing_num)),
    ("cat", OneHotEncoder(), ["ocean_proximity"]),
])
lin_reg = Pipeline([("prepare", full_pipeline), ("model", LinearRegression())])
lin_reg.fit(housing.drop(columns="median_house_value"), housing["median_house_value"])
np.sqrt(mean_squared_error(housing["median_house_value"], lin_reg.predict(housing.drop(columns="median_house_value"))))""",
        'import packager\npackage = packager.pack(lin_reg, housing, target="median_house_value", name="housing", output=OUT)',
    ],
    "spam": [
        """
import pandas as pd, random, re
random.seed(0)
words = {"ham": "see you at lunch tomorrow ok thanks meeting home".split(), "spam": "win free cash prize now click claim".split()}
rows = [(k, " ".join(random.choices(words[k] + ["the", "a"], k=12))) for k in ("ham", "spam") for _ in range(150)]
sms = pd.DataFrame(rows, columns=["label", "message"]).drop_duplicates()
sms["label"].value_counts()""",
        """
STOP = ["the", "a"]
def clean(text):
    text = re.sub(r"[^a-z ]", "", text.lower())
    return " ".join(w for w in text.split() if w not in STOP)
def clean_column(frame):
    return frame["message"].map(clean)""",
        """
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.naive_bayes import MultinomialNB
from sklearn.preprocessing import FunctionTransformer
from sklearn.pipeline import make_pipeline
clf = make_pipeline(FunctionTransformer(clean_column), TfidfVectorizer(ngram_range=(1, 2)), MultinomialNB())
clf.fit(sms[["message"]], sms["label"])""",
        'import packager\npackage = packager.pack(clf, sms, target="label", name="spam", output=OUT)',
    ],
    "digits": [
        """
from sklearn.datasets import load_digits
from sklearn.neural_network import MLPClassifier
digits = load_digits(as_frame=True)
df = digits.frame
X = df.drop(columns="target") / 16
y = df.target
mlp = MLPClassifier(hidden_layer_sizes=(16,), max_iter=30, random_state=1).fit(X, y)""",
        "df = X.assign(target=y)",
        'import packager\npackage = packager.pack(mlp, df, target="target", name="digits", output=OUT)',
    ],
    "churn": [
        """
import numpy as np, pandas as pd
rng = np.random.default_rng(3)
n = 700
df = pd.DataFrame({"customerID": [f"{i:04d}-ABC" for i in range(n)], "tenure": rng.integers(0, 72, n),
    "Contract": rng.choice(["Month-to-month", "One year", "Two year"], n),
    "MonthlyCharges": rng.uniform(18, 120, n).round(2), "SeniorCitizen": rng.integers(0, 2, n)})
df["TotalCharges"] = (df.tenure * df.MonthlyCharges).round(2).astype(str)
df.loc[df.tenure == 0, "TotalCharges"] = " "
df["Churn"] = np.where(rng.random(n) < 1 / (1 + np.exp(df.tenure / 15 - 1)), "Yes", "No")""",
        """
df["TotalCharges"] = pd.to_numeric(df["TotalCharges"], errors="coerce")
df.drop("customerID", axis=1, inplace=True)
cat_cols = [c for c in df.columns if df[c].dtype == "object" or str(df[c].dtype) == "str"]
cat_cols.remove("Churn")
num_cols = [c for c in df.columns if c not in cat_cols + ["Churn"]]""",
        """
from sklearn.compose import make_column_transformer
from sklearn.pipeline import make_pipeline
from sklearn.impute import SimpleImputer
from sklearn.preprocessing import OneHotEncoder
from sklearn.ensemble import GradientBoostingClassifier
pre = make_column_transformer((OneHotEncoder(handle_unknown="ignore"), cat_cols), (SimpleImputer(), num_cols))
gb = make_pipeline(pre, GradientBoostingClassifier(n_estimators=30))
gb.fit(df.drop(columns="Churn"), df["Churn"])""",
        'import packager\npackage = packager.pack(gb, df, target="Churn", name="churn", output=OUT)',
    ],
    "credit": [
        """
import numpy as np, pandas as pd
from sklearn.datasets import make_classification
X, y = make_classification(n_samples=1500, n_features=8, weights=[0.9], random_state=0)
data = pd.DataFrame(X, columns=[f"V{i}" for i in range(1, 9)])
data["Class"] = y""",
        """
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import RandomForestClassifier
rf = RandomForestClassifier(n_estimators=25, class_weight="balanced", random_state=0)
calibrated = CalibratedClassifierCV(rf, method="isotonic", cv=3)
calibrated.fit(data.drop("Class", axis=1), data["Class"])""",
        'import packager\npackage = packager.pack(calibrated, data, target="Class", name="credit", output=OUT)',
    ],
    "demand": [
        """
import numpy as np, pandas as pd
dates = pd.date_range("2022-01-01", periods=900, freq="D")
rng = np.random.default_rng(0)
sales = pd.DataFrame({"date": dates, "store": rng.integers(1, 5, 900)})
sales["sales"] = 100 + 20 * np.sin(sales.date.dt.dayofyear / 58) + 5 * sales.store + rng.normal(0, 3, 900)""",
        """
HOLIDAYS = pd.to_datetime(["2022-12-25", "2023-12-25"])
def make_features(d):
    out = pd.DataFrame(index=d.index)
    out["dow"] = d["date"].dt.dayofweek
    out["month"] = d["date"].dt.month
    out["doy"] = d["date"].dt.dayofyear
    out["store"] = d["store"]
    return out""",
        """
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
reg = make_pipeline(FunctionTransformer(make_features), HistGradientBoostingRegressor(max_iter=50))
reg.fit(sales[["date", "store"]], sales["sales"])""",
        'import packager\npackage = packager.pack(reg, sales, target="sales", name="demand", output=OUT)',
    ],
    "xgboost": [
        """
import xgboost as xgb
import pandas as pd
from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import train_test_split
cancer = load_breast_cancer(as_frame=True).frame
X_train, X_test, y_train, y_test = train_test_split(cancer.drop(columns="target"), cancer.target, random_state=0)
clf = xgb.XGBClassifier(n_estimators=30, max_depth=3, learning_rate=0.2, early_stopping_rounds=5)
clf.fit(X_train, y_train, eval_set=[(X_test, y_test)], verbose=False)
clf.score(X_test, y_test)""",
        'import packager\npackage = packager.pack(clf, cancer, target="target", name="cancer", output=OUT)',
    ],
    "lightgbm": [
        """
import lightgbm as lgb, numpy as np, pandas as pd
rng = np.random.default_rng(5)
n = 800
cars = pd.DataFrame({"brand": rng.choice(["audi", "bmw", "vw"], n), "km": rng.integers(0, 200_000, n), "age": rng.integers(0, 20, n)})
cars["price"] = 30_000 - cars.km * 0.08 - cars.age * 700 + rng.normal(0, 500, n)
cars["brand"] = cars["brand"].astype("category")""",
        """
model = lgb.LGBMRegressor(n_estimators=40, verbose=-1)
model.fit(cars[["brand", "km", "age"]], cars["price"])""",
        'import packager\npackage = packager.pack(model, cars, target="price", name="cars", output=OUT)',
    ],
    "clustering": [
        """
import numpy as np, pandas as pd
from sklearn.datasets import make_blobs
from sklearn.cluster import KMeans
X, _ = make_blobs(n_samples=400, centers=4, random_state=0)
mall = pd.DataFrame(X, columns=["income", "score"])
inertia = []
for k in range(1, 6):
    inertia.append(KMeans(n_clusters=k, n_init=5, random_state=0).fit(mall).inertia_)""",
        """
km = KMeans(n_clusters=4, n_init=5, random_state=0).fit(mall)
mall["cluster"] = km.labels_""",
        'import packager\npackage = packager.pack(km, mall, target="cluster", name="segments", output=OUT)',
    ],
    "cleaning": [
        """
import numpy as np, pandas as pd
rng = np.random.default_rng(11)
n = 500
raw = pd.DataFrame({"Area": [f"{a} m2" for a in rng.integers(20, 200, n)], "Floor ": rng.choice(["1", "2", "ground", None], n),
  "PRICE": [f"{p:,} EUR" for p in rng.integers(50_000, 900_000, n)], "built": rng.choice(["1990", "2005", "n/a"], n)})""",
        """
(tidy := raw.rename(columns=str.strip)
    .rename(columns=str.lower)
    .assign(
        area=lambda d: d["area"].str.replace(" m2", "").astype(float),
        floor=lambda d: d["floor"].replace({"ground": "0"}).astype(float).fillna(-1),
        price=lambda d: d["price"].str.replace(" EUR", "").str.replace(",", "").astype(float),
        built=lambda d: pd.to_numeric(d["built"], errors="coerce"),
    ))""",
        """
def bucket(year):
    if pd.isna(year):
        return "unknown"
    return "old" if year < 2000 else "new"
tidy["era"] = tidy["built"].apply(bucket)
tidy = tidy.drop(columns="built")
tidy.groupby("era")["price"].mean()""",
        """
from sklearn.linear_model import Ridge
def train(features, target):
    X = pd.get_dummies(features, columns=["era"])
    return Fitted(Ridge().fit(X, target), list(X.columns))
class Fitted:
    def __init__(self, model, columns):
        self.model, self.columns = model, columns
    def predict(self, features):
        X = pd.get_dummies(features, columns=["era"])
        return self.model.predict(X.reindex(columns=self.columns, fill_value=0))""",
        'import packager\npackage = packager.pack(train, tidy, target="price", name="flats", output=OUT)',
    ],
    "transformer": [
        """
import numpy as np, pandas as pd
from dataclasses import dataclass, field
from enum import Enum
class Strategy(Enum):
    MEAN = "mean"
    MEDIAN = "median"
@dataclass
class Config:
    strategy: Strategy = Strategy.MEDIAN
    clip: tuple = (0.01, 0.99)""",
        """
from sklearn.base import BaseEstimator, TransformerMixin
import functools
def check(method):
    @functools.wraps(method)
    def inner(self, X, *args):
        assert len(X), "no rows"
        return method(self, X, *args)
    return inner
class Winsorizer(BaseEstimator, TransformerMixin):
    def __init__(self, config=None):
        self.config = config
    @check
    def fit(self, X, y=None):
        config = self.config or Config()
        self.low_, self.high_ = np.nanquantile(X, config.clip, axis=0)
        how = np.nanmedian if config.strategy is Strategy.MEDIAN else np.nanmean
        self.fill_ = how(X, axis=0)
        return self
    @check
    def transform(self, X):
        X = np.clip(np.asarray(X, dtype=float), self.low_, self.high_)
        return np.where(np.isnan(X), self.fill_, X)""",
        """
from sklearn.datasets import load_diabetes
from sklearn.linear_model import Lasso
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer
diabetes = load_diabetes(as_frame=True).frame
pipe = Pipeline([("clip", Winsorizer(Config())), ("square", FunctionTransformer(lambda X: np.c_[X, X ** 2])), ("lasso", Lasso(0.1))])
pipe.fit(diabetes.drop(columns="target"), diabetes["target"])""",
        'import packager\npackage = packager.pack(pipe, diabetes, target="target", name="diabetes", output=OUT)',
    ],
    "ensemble": [
        """
import numpy as np, pandas as pd
from sklearn.datasets import make_regression
from sklearn.ensemble import *
from sklearn.linear_model import RidgeCV
X, y = make_regression(300, 6, noise=5, random_state=0)
cols = [f"x{i}" for i in range(6)]
df = pd.DataFrame(X, columns=cols).assign(y=y)""",
        """
stack = StackingRegressor([("rf", RandomForestRegressor(20, random_state=0)), ("gb", GradientBoostingRegressor(n_estimators=20))], final_estimator=RidgeCV())
voting = VotingRegressor([("stack", stack), ("ridge", RidgeCV())])
voting.fit(df[cols], df.y)""",
        'import packager\npackage = packager.pack(voting, df, target="y", name="stack", output=OUT)',
    ],
}
