"""scikit-learn, LightGBM and a PyTorch network on rows that `quality.bench.ts` has written; scores as JSON.

quality.py tables FOLDER: writes the tables that come with scikit-learn.
quality.py measure SPEC SEEDS: trains and measures all peers.
"""

import json
import sys
import warnings

import numpy as np

warnings.filterwarnings("ignore")


def write_tables(folder):
    from sklearn.datasets import load_diabetes

    found = load_diabetes(scaled=False)
    names = list(found.feature_names)
    sex = names.index("sex")
    values = sorted(set(found.data[:, sex]))
    with open(f"{folder}/diabetes.csv", "w") as file:
        file.write(",".join(names + ["progression"]) + "\n")
        for row, target in zip(found.data, found.target):
            cells = [f"{value:g}" for value in row]
            cells[sex] = "ab"[values.index(row[sex])]
            file.write(",".join(cells + [f"{target:g}"]) + "\n")


class Rows:
    """One part: numbers, category ids, and the labels of every task with NaN where there is none."""

    def __init__(self, spec, tasks):
        self.rows = spec["rows"]
        self.numbers = self.read(spec, "numbers", np.float32)
        self.ids = self.read(spec, "ids", np.int32)
        self.labels = {
            task["name"]: np.array([np.nan if one is None else one for one in spec["label/" + task["name"]]], dtype=np.float64)
            for task in tasks
        }

    def read(self, spec, kind, dtype):
        if kind not in spec:
            return np.zeros((self.rows, 0), dtype)
        return np.fromfile(spec[kind]["file"], dtype).reshape(self.rows, spec[kind]["width"])

    def one_hot(self, categories):
        columns = [np.eye(count, dtype=np.float32)[self.ids[:, i]] for i, count in enumerate(categories)]
        return np.concatenate([self.numbers, *columns], axis=1)


def score(task, truth, predicted):
    """Predictions are values, probabilities of a yes, or probabilities of classes."""
    from sklearn import metrics

    if task["type"] == "regression":
        return {"r2": metrics.r2_score(truth, predicted)}
    if task["type"] == "binary":
        clipped = np.clip(predicted, 1e-7, 1 - 1e-7)
        return {"auc": metrics.roc_auc_score(truth, predicted), "logLoss": metrics.log_loss(truth, clipped)}
    clipped = np.clip(predicted, 1e-7, 1)
    clipped = clipped / clipped.sum(1, keepdims=True)
    labels = list(range(task["classes"]))
    return {
        "logLoss": metrics.log_loss(truth, clipped, labels=labels),
        "accuracy": metrics.accuracy_score(truth, clipped.argmax(1)),
    }


def probabilities(model, x, task):
    """A column for every class of the task, also for those that the training rows lack."""
    found = model.predict_proba(x)
    if task["type"] == "binary":
        return found[:, list(model.classes_).index(1.0)]
    full = np.zeros((len(x), task["classes"]))
    full[:, np.asarray(model.classes_, dtype=int)] = found
    return full


def constant(task, y, rows):
    if task["type"] == "regression":
        return np.full(rows, y.mean())
    if task["type"] == "binary":
        return np.full(rows, y.mean())
    shares = np.bincount(y.astype(int), minlength=task["classes"]) / len(y)
    return np.tile(shares, (rows, 1))


def alone(task, parts, seed, kind, x):
    from sklearn import ensemble, linear_model

    known = {part: ~np.isnan(rows.labels[task["name"]]) for part, rows in parts.items()}
    y = {part: rows.labels[task["name"]][known[part]] for part, rows in parts.items()}
    x = {part: x[part][known[part]] for part in parts}
    regression = task["type"] == "regression"
    if kind == "constant":
        return score(task, y["test"], constant(task, y["train"], len(y["test"])))
    if kind == "ridge, logistic":
        model = linear_model.Ridge() if regression else linear_model.LogisticRegression(max_iter=2000)
        model.fit(x["train"], y["train"])
    elif kind == "random forest":
        few = slice(0, 20_000)
        make = ensemble.RandomForestRegressor if regression else ensemble.RandomForestClassifier
        model = make(n_estimators=200, random_state=seed, n_jobs=1).fit(x["train"][few], y["train"][few])
    else:
        import lightgbm

        make = lightgbm.LGBMRegressor if regression else lightgbm.LGBMClassifier
        model = make(n_estimators=1000, learning_rate=0.05, random_state=seed, n_jobs=1, verbose=-1, deterministic=True)
        stop = lightgbm.early_stopping(30, verbose=False)
        ids = list(range(parts["train"].numbers.shape[1], x["train"].shape[1]))
        model.fit(
            x["train"],
            y["train"],
            eval_set=[(x["validation"], y["validation"])],
            callbacks=[stop],
            categorical_feature=ids,
        )
    predicted = model.predict(x["test"]) if regression else probabilities(model, x["test"], task)
    return score(task, y["test"], predicted)


def network(tasks, parts, categories, seed, wide, dropout, epochs=400, patience=20, batch=32):
    """[64, 32] and a linear head per task, with PyTorch's own initial values; stopped as ours. Wide: heads see the columns too, times this."""
    import torch
    from torch import nn

    torch.manual_seed(seed)
    torch.set_num_threads(1)
    embeddings = nn.ModuleList([nn.Embedding(count, min(50, -(-count // 2))) for count in categories])
    width = parts["train"].numbers.shape[1] + sum(one.embedding_dim for one in embeddings)
    trunk = nn.Sequential(
        *[nn.Linear(width, 64), nn.ReLU(), nn.Dropout(dropout)],
        *[nn.Linear(64, 32), nn.ReLU(), nn.Dropout(dropout)],
    )
    features = 32 + (width if wide > 0 else 0)
    heads = nn.ModuleList([nn.Linear(features, max(1, task["classes"] if task["type"] == "classification" else 1)) for task in tasks])
    model = nn.ModuleList([embeddings, trunk, heads])
    scales = {}
    for task in tasks:
        y = parts["train"].labels[task["name"]]
        scales[task["name"]] = (np.nanmean(y), np.nanstd(y)) if task["type"] == "regression" else (0.0, 1.0)
    data = {}
    for part, rows in parts.items():
        labels = {name: (y - scales[name][0]) / scales[name][1] for name, y in rows.labels.items()}
        data[part] = (
            torch.tensor(rows.numbers),
            torch.tensor(rows.ids.astype(np.int64)),
            {name: torch.tensor(y, dtype=torch.float32) for name, y in labels.items()},
        )

    def forward(numbers, ids):
        columns = [table(ids[:, i]) for i, table in enumerate(embeddings)]
        columns = torch.cat([numbers, *columns], 1)
        hidden = trunk(columns)
        if wide > 0:
            hidden = torch.cat([hidden, columns * wide], 1)
        return [head(hidden) for head in heads]

    def loss_of(outputs, labels):
        total = 0.0
        for task, output in zip(tasks, outputs):
            y = labels[task["name"]]
            known = ~torch.isnan(y)
            if not known.any():
                continue
            if task["type"] == "regression":
                total = total + ((output[known, 0] - y[known]) ** 2).mean()
            elif task["type"] == "binary":
                total = total + nn.functional.binary_cross_entropy_with_logits(output[known, 0], y[known])
            else:
                total = total + nn.functional.cross_entropy(output[known], y[known].long())
        return total

    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    best, kept, waited = np.inf, None, 0
    numbers, ids, labels = data["train"]
    for _ in range(epochs):
        model.train()
        order = torch.randperm(len(numbers))
        for start in range(0, len(order), batch):
            rows = order[start : start + batch]
            loss = loss_of(forward(numbers[rows], ids[rows]), {name: y[rows] for name, y in labels.items()})
            if isinstance(loss, float):
                continue
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        model.eval()
        with torch.no_grad():
            found = float(loss_of(forward(*data["validation"][:2]), data["validation"][2]))
        if found < best:
            best, waited = found, 0
            kept = {name: value.clone() for name, value in model.state_dict().items()}
        else:
            waited += 1
            if waited > patience:
                break
    model.load_state_dict(kept)
    model.eval()
    with torch.no_grad():
        outputs = forward(*data["test"][:2])
    scores = {}
    for task, output in zip(tasks, outputs):
        truth = parts["test"].labels[task["name"]]
        known = ~np.isnan(truth)
        if task["type"] == "regression":
            mean, deviation = scales[task["name"]]
            predicted = output[:, 0].numpy() * deviation + mean
        elif task["type"] == "binary":
            predicted = torch.sigmoid(output[:, 0]).numpy()
        else:
            predicted = torch.softmax(output, 1).numpy()
        scores[task["name"]] = score(task, truth[known], predicted[known])
    return scores


def measure(path, seeds):
    with open(path) as file:
        spec = json.load(file)
    tasks, categories = spec["tasks"], spec["categories"]
    parts = {name: Rows(part, tasks) for name, part in spec["parts"].items()}
    spread = {name: rows.one_hot(categories) for name, rows in parts.items()}
    plain = {name: np.concatenate([rows.numbers, rows.ids.astype(np.float32)], axis=1) for name, rows in parts.items()}
    results = {}

    def keep(peer, task, scores):
        for metric, value in scores.items():
            results.setdefault(peer, {}).setdefault(task, {}).setdefault(metric, []).append(float(value))

    for task in tasks:
        for peer in ("constant", "ridge, logistic"):
            keep(peer, task["name"], alone(task, parts, 0, peer, spread))
        for seed in range(1, seeds + 1):
            keep("random forest", task["name"], alone(task, parts, seed, "random forest", plain))
        keep("LightGBM", task["name"], alone(task, parts, 1, "LightGBM", plain))
    for seed in range(1, seeds + 1):
        for peer, wide, dropout in (("torch", 0, 0), ("torch, our shape", 2, 0.1)):
            for name, scores in network(tasks, parts, categories, seed, wide, dropout).items():
                keep(peer, name, scores)
    print(json.dumps(results))


if __name__ == "__main__":
    if sys.argv[1] == "tables":
        write_tables(sys.argv[2])
    else:
        measure(sys.argv[2], int(sys.argv[3]))
