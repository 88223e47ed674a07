"""The networks of the step benchmark in PyTorch, as somebody would write them; eagerly, or by `torch.compile`."""

import torch
from torch._functorch import config as functorch
from torch import nn
from torch.nn import functional as F

import torch_sharing

ROWS = 4096

# One program gives the gradients of several tasks, so its numbers are needed after the first of them.
functorch.donated_buffer = False


def prepare(threads):
    """Sets the number of threads; gives the version."""
    torch.set_num_threads(threads)
    torch.set_num_interop_threads(1)
    return torch.__version__


def open_step(options):
    return Products(options["shapes"]) if options["work"] == "products" else Step(**options)


def dense(*widths):
    """Linear layers of these widths with a ReLU between them."""
    layers = []
    for inputs, outputs in zip(widths, widths[1:]):
        layers += [nn.Linear(inputs, outputs), nn.ReLU()]
    return nn.Sequential(*layers[:-1])


class MultiTask(nn.Module):
    """A trunk that all tasks share and a head for each."""

    def __init__(self, trunk, heads):
        super().__init__()
        self.trunk = trunk
        self.heads = nn.ModuleList(heads)

    def forward(self, x):
        features = self.trunk(x)
        return [head(features) for head in self.heads]


class EmbeddingSum(nn.Module):
    """Sum of the vectors of a row's ids."""

    def __init__(self, rows, width, bag):
        super().__init__()
        self.bag = bag
        self.table = nn.EmbeddingBag(rows, width, mode="sum") if bag else nn.Embedding(rows, width)

    def forward(self, ids):
        return self.table(ids) if self.bag else self.table(ids).sum(1)


def mlp(classes, scale=1):
    """Trunk 784-128-64, heads 32-classes; hidden layers `scale` times as wide."""
    trunk = nn.Sequential(dense(784, 128 * scale, 64 * scale), nn.ReLU())
    return MultiTask(trunk, [dense(64 * scale, 32 * scale, count) for count in classes]), torch.randn(ROWS, 784)


def lenet(classes):
    """Convolution 5x5x10, maximum of 2x2, convolution 5x5x20, maximum of 2x2, dense 50, one linear layer per task."""
    trunk = nn.Sequential(
        nn.Conv2d(1, 10, 5), nn.MaxPool2d(2), nn.ReLU(),
        nn.Conv2d(10, 20, 5), nn.MaxPool2d(2), nn.ReLU(),
        nn.Flatten(), nn.Linear(320, 50), nn.ReLU(),
    )  # fmt: skip
    return MultiTask(trunk, [dense(50, count) for count in classes]), torch.randn(ROWS, 1, 28, 28)


def embedding(classes, rows, width, bag=False):
    """8 ids of `rows`, vectors of `width` summed, one linear layer per task."""
    model = MultiTask(EmbeddingSum(rows, width, bag), [dense(width, count) for count in classes])
    return model, torch.randint(0, rows, (ROWS, 8))


def sharing(classes, architecture):
    """A LeNet shared in one of several ways."""
    return torch_sharing.sharing(classes, architecture, ROWS)


WORKS = {"mlp": mlp, "lenet": lenet, "embedding": embedding, "sharing": sharing}


def pcgrad_vectors(rows):
    """PCGrad as published: every gradient loses what conflicts with the others, one after another in random order."""
    projected = rows.clone()
    for k in range(len(rows)):
        for j in torch.randperm(len(rows)).tolist():
            if j == k:
                continue
            product = projected[k] @ rows[j]
            if product < 0:
                projected[k] -= product / rows[j].square().sum() * rows[j]
    return projected.sum(0)


def pcgrad_gramian(rows):
    """The same direction from the Gramian: the projections are followed on K x K numbers, then the rows combined once."""
    count = len(rows)
    gramian = (rows @ rows.T).double().tolist()
    weights = [1.0] * count
    for k in range(count):
        own = [0.0] * count
        own[k] = 1.0
        for j in torch.randperm(count).tolist():
            if j == k:
                continue
            product = sum(a * b for a, b in zip(own, gramian[j]))
            if product < 0:
                own[j] -= product / gramian[j][j]
        own[k] -= 1.0
        weights = [a + b for a, b in zip(weights, own)]
    return torch.tensor(weights) @ rows


PROJECTIONS = {"vectors": pcgrad_vectors, "gramian": pcgrad_gramian}


class Step:
    """One training step over successive batches: forward, backward, Adam, losses read.

    `compiled` says what `torch.compile` makes one program of: "losses" (and what autograd makes of it), "optimizer" (that, and
    the optimizer's step), or "jacobian" (losses and all tasks' gradients by `torch.func`, for PCGrad).
    """

    def __init__(self, work, batch, classes, optimizer="default", projection=None, compiled=None, **options):
        torch.manual_seed(1)
        self.model, self.inputs = WORKS[work](classes, **options)
        self.targets = [torch.randint(0, count, (ROWS,)) for count in classes]
        self.batch = batch
        self.position = 0
        self.project = PROJECTIONS[projection] if projection else None
        flags = {"default": {}, "foreach": {"foreach": True}, "fused": {"fused": True}}[optimizer]
        self.optimizer = torch.optim.Adam(self.model.parameters(), lr=1e-3, **flags)
        trunk = getattr(self.model, "trunk", None)
        self.shared = dict(trunk.named_parameters(prefix="trunk")) if trunk else {}
        self.sizes = [parameter.numel() for parameter in self.shared.values()]
        self.parameters = sum(parameter.numel() for parameter in self.model.parameters())
        self.losses = []
        self.losses_of = torch.compile(self.evaluate) if compiled in ("losses", "optimizer") else self.evaluate
        self.update = torch.compile(self.optimizer.step) if compiled == "optimizer" else self.optimizer.step
        self.jacobian = torch.compile(self.gradients) if compiled == "jacobian" else None

    def __call__(self):
        start, end = self.position, self.position + self.batch
        self.position = end if end + self.batch <= ROWS else 0
        inputs, targets = self.inputs[start:end], [target[start:end] for target in self.targets]
        self.optimizer.zero_grad()
        if self.jacobian:
            losses, rows = self.jacobian(dict(self.model.named_parameters()), inputs, targets)
            self.combine(rows)
        else:
            losses = self.losses_of(inputs, targets)
            if self.project:
                self.balance(losses)
            else:
                self.total(losses).backward()
        self.update()
        self.losses = [loss.item() for loss in losses]

    def evaluate(self, inputs, targets):
        return [F.cross_entropy(found, target) for found, target in zip(self.model(inputs), targets)]

    def total(self, losses):
        """The sum of the losses, and what the network itself adds."""
        penalty = getattr(self.model, "penalty", None)
        return sum(losses) + penalty() if penalty else sum(losses)

    def balance(self, losses):
        """One `autograd.grad` per task, for the trunk and the task's own head."""
        rows = []
        for k, (loss, head) in enumerate(zip(losses, self.model.heads)):
            own = list(head.parameters())
            wanted = list(self.shared.values()) + own
            gradients = torch.autograd.grad(loss, wanted, retain_graph=k + 1 < len(losses))
            rows.append(torch.cat([gradient.flatten() for gradient in gradients[: len(self.shared)]]))
            for parameter, gradient in zip(own, gradients[len(self.shared) :]):
                parameter.grad = gradient
        self.combine(torch.stack(rows))

    def gradients(self, parameters, inputs, targets):
        """Losses, and the trunk's gradient of every task as a row; gradients of heads are left with them."""
        shared = {name: parameters[name] for name in self.shared}
        heads = {name: value for name, value in parameters.items() if name not in shared}

        def losses_of(shared, heads):
            outputs = torch.func.functional_call(self.model, {**shared, **heads}, (inputs,))
            return torch.stack([F.cross_entropy(found, target) for found, target in zip(outputs, targets)])

        losses, back = torch.func.vjp(losses_of, shared, heads)
        own = back(torch.ones_like(losses))[1]
        rows = torch.func.vmap(lambda one: back(one)[0])(torch.eye(len(losses)))
        for name, parameter in parameters.items():
            if name in own:
                parameter.grad = own[name]
        return losses, torch.cat([row.flatten(1) for row in rows.values()], 1)

    def combine(self, rows):
        direction = self.project(rows)
        for parameter, gradient in zip(self.shared.values(), direction.split(self.sizes)):
            parameter.grad = gradient.view_as(parameter)


class Products:
    """Products [rows, inner] x [inner, columns] and nothing else, for the rate that the machine reaches."""

    def __init__(self, shapes):
        self.products = [
            (torch.randn(rows, inner), torch.randn(inner, columns), torch.empty(rows, columns))
            for rows, inner, columns in shapes
        ]
        self.parameters = 0
        self.losses = []

    def __call__(self):
        for a, b, out in self.products:
            torch.mm(a, b, out=out)
