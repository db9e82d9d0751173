"""Train the network of the case `training` by a plain PyTorch loop, on all cores or on a GPU."""

import json
import sys
import time

import numpy as np
import torch
from torch import nn

DEVICE = "cuda" if torch.cuda.is_available() else "cpu"


class GlobalMax(nn.Module):
    """Largest value over positions."""

    def forward(self, x):
        """(batch, channels, positions) -> (batch, channels)."""
        return x.amax(dim=2)


def build() -> nn.Module:
    """Make the network, with the initial weights that Keras would draw."""
    model = nn.Sequential(
        *(nn.Conv1d(4, 32, 12, padding="same"), nn.ReLU(), nn.MaxPool1d(4)),
        *(nn.Conv1d(32, 64, 6, padding="same"), nn.ReLU(), GlobalMax(), nn.Linear(64, 1)),
    )
    for layer in model:
        if hasattr(layer, "weight"):
            nn.init.xavier_uniform_(layer.weight)
            nn.init.zeros_(layer.bias)
    return model.to(DEVICE)


def mean_loss(model, loss, sequences, labels, rows) -> float:
    """Give the loss of some records in inference mode."""
    with torch.no_grad():
        logits = [model(sequences[part])[:, 0] for part in torch.split(rows, 512)]
    return float(loss(torch.cat(logits), labels[rows]))


def main(path: str, batch_size: int, epochs: int) -> None:
    """Print when epochs ended and the loss at the end."""
    data = np.load(path)
    torch.manual_seed(int(data["seed"]) % 2**31)
    one_hot = np.eye(4, dtype=np.float32)[data["tokens"]].transpose(0, 2, 1)
    sequences = torch.from_numpy(np.ascontiguousarray(one_hot)).to(DEVICE)
    labels = torch.from_numpy(data["labels"].astype(np.float32)).to(DEVICE)
    train, validation, monitored = (
        torch.from_numpy(data[role]).to(DEVICE) for role in ("train", "validation", "monitored")
    )
    model, loss = build(), nn.BCEWithLogitsLoss()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3, eps=1e-7)
    times = []
    for _ in range(epochs):
        order = train[torch.randperm(len(train), device=DEVICE)]
        for rows in torch.split(order, batch_size):
            optimizer.zero_grad()
            loss(model(sequences[rows])[:, 0], labels[rows]).backward()
            optimizer.step()
        mean_loss(model, loss, sequences, labels, validation)
        times.append(time.time())
    final = mean_loss(model, loss, sequences, labels, monitored)
    print(json.dumps({"times": times, "loss": final}))


if __name__ == "__main__":
    main(sys.argv[1], *map(int, sys.argv[2:]))
