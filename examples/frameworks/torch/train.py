"""House prices by a small neural network of PyTorch; its tensors are the model."""

import io

import pandas as pd
import torch
from torch import nn

AREAS = ["north", "old town", "river"]
COLUMNS = 2 + len(AREAS)

# One thread: sums in one order, and workers that don't take each other's processors.
torch.set_num_threads(1)


class Prices(nn.Module):
    """Two layers over scaled numbers; mean and spread are buffers, so the state holds them."""

    def __init__(self, hidden: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(COLUMNS, hidden), nn.ReLU(), nn.Linear(hidden, 1))
        for name in ("mean", "spread"):
            self.register_buffer(name, torch.zeros(COLUMNS))
        for name in ("price_mean", "price_spread"):
            self.register_buffer(name, torch.zeros(1))

    def forward(self, rows: torch.Tensor) -> torch.Tensor:
        """Standardised prices, shape (n,), of rows of shape (n, COLUMNS)."""
        return self.layers((rows - self.mean) / self.spread)[:, 0]

    def predict(self, features: pd.DataFrame):
        with torch.inference_mode():
            found = self(tensor(features)) * self.price_spread + self.price_mean
        return found.double().numpy()


def tensor(features: pd.DataFrame) -> torch.Tensor:
    """Size, rooms, and a column of 0 and 1 for each area."""
    columns = [features["size"], features["rooms"]]
    columns += [features["area"] == area for area in AREAS]
    return torch.stack([torch.tensor(c.to_numpy("float32")) for c in columns], dim=1)


def train(features: pd.DataFrame, target: pd.Series, *, params: dict, seed: int) -> Prices:
    torch.manual_seed(seed)
    torch.use_deterministic_algorithms(True)
    model, rows = Prices(params["hidden"]), tensor(features)
    prices = torch.tensor(target.to_numpy("float32"))
    model.mean, model.spread = rows.mean(0), rows.std(0)
    model.price_mean, model.price_spread = prices.mean()[None], prices.std()[None]
    wanted = (prices - model.price_mean) / model.price_spread
    steps = torch.optim.Adam(model.parameters(), lr=params["rate"])
    for _ in range(params["epochs"]):
        for batch in torch.randperm(len(rows)).split(64):
            steps.zero_grad()
            nn.functional.mse_loss(model(rows[batch]), wanted[batch]).backward()
            steps.step()
    return model.eval()


def save(model: Prices, path) -> None:
    # Into memory first: given a path, torch.save writes the file's name into the archive.
    content = io.BytesIO()
    torch.save(model.state_dict(), content)
    path.write_bytes(content.getvalue())


def load(path) -> Prices:
    state = torch.load(path, weights_only=True)
    model = Prices(len(state["layers.0.bias"]))
    model.load_state_dict(state)
    return model.eval()
