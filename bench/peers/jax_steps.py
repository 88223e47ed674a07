"""The networks of the step benchmark in JAX, as somebody would write them: one jitted step whose state is donated."""

import os

ROWS = 4096


def prepare(threads):
    """Sets the number of threads, which is read when JAX first computes; gives the version."""
    os.environ["NPROC"] = str(threads)
    os.environ["JAX_PLATFORMS"] = "cpu"
    import jax

    return jax.__version__


def open_step(options):
    return Step(**options)


def dense(random, inputs, *widths):
    """Weights and biases of linear layers, uniform as in PyTorch."""
    import numpy as np

    layers = []
    for width in widths:
        limit = inputs**-0.5
        shapes = (inputs, width), (width,)
        layers.append(tuple(random.uniform(-limit, limit, shape).astype(np.float32) for shape in shapes))
        inputs = width
    return layers


def chain(layers, x):
    """Linear layers with a ReLU between them."""
    import jax

    for i, (weight, bias) in enumerate(layers):
        x = (jax.nn.relu(x) if i > 0 else x) @ weight + bias
    return x


def mlp(random, classes, scale=1):
    """Trunk 784-128-64, heads 32-classes; hidden layers `scale` times as wide."""
    import jax

    parameters = {
        "trunk": dense(random, 784, 128 * scale, 64 * scale),
        "heads": [dense(random, 64 * scale, 32 * scale, count) for count in classes],
    }
    return parameters, lambda trunk, x: jax.nn.relu(chain(trunk, x)), random.standard_normal((ROWS, 784))


def lenet(random, classes, pool="window"):
    """Convolution 5x5x10, maximum of 2x2, convolution 5x5x20, maximum of 2x2, dense 50, one linear layer per task.

    `pool`: "window" for `lax.reduce_window`, or "reshape" for the maximum over axes of size 2.
    """
    import jax
    from jax import lax, numpy as jnp

    def filters(inputs, outputs):
        limit = (25 * inputs) ** -0.5
        return random.uniform(-limit, limit, (5, 5, inputs, outputs)), random.uniform(-limit, limit, outputs)

    def maxima(x):
        if pool == "window":
            return lax.reduce_window(x, -jnp.inf, lax.max, (1, 2, 2, 1), (1, 2, 2, 1), "VALID")
        rows, height, width, channels = x.shape
        return x.reshape(rows, height // 2, 2, width // 2, 2, channels).max((2, 4))

    def features(trunk, x):
        for weight, bias in trunk["convolutions"]:
            x = lax.conv_general_dilated(x, weight, (1, 1), "VALID", dimension_numbers=("NHWC", "HWIO", "NHWC")) + bias
            x = jax.nn.relu(maxima(x))
        return jax.nn.relu(chain(trunk["dense"], x.reshape(len(x), -1)))

    trunk = {"convolutions": [filters(1, 10), filters(10, 20)], "dense": dense(random, 320, 50)}
    parameters = {"trunk": trunk, "heads": [dense(random, 50, count) for count in classes]}
    return parameters, features, random.standard_normal((ROWS, 28, 28, 1))


def embedding(random, classes, rows, width):
    """8 ids of `rows`, vectors of `width` summed, one linear layer per task."""
    heads = [dense(random, width, count) for count in classes]
    parameters = {"trunk": random.standard_normal((rows, width)), "heads": heads}
    return parameters, lambda table, ids: table[ids].sum(1), random.integers(0, rows, (ROWS, 8))


WORKS = {"mlp": mlp, "lenet": lenet, "embedding": embedding}


def heads_one_by_one(heads, features, targets):
    from jax import numpy as jnp

    return jnp.stack([cross_entropy(chain(head, features), target) for head, target in zip(heads, targets)])


def heads_stacked(heads, features, targets):
    """Heads of one shape, with an axis for the tasks."""
    import jax

    return jax.vmap(lambda head, target: cross_entropy(chain(head, features), target))(heads, targets)


def cross_entropy(logits, target):
    import jax
    from jax import numpy as jnp

    return -jnp.take_along_axis(jax.nn.log_softmax(logits), target[:, None], 1).mean()


def adam(state, gradient):
    """Adam over whatever the parameters are: one flat vector, or a tree of them."""
    import jax
    from jax import numpy as jnp

    parameters, first, second, count = state
    count = count + 1
    over = jax.tree_util.tree_map
    first = over(lambda m, g: 0.9 * m + 0.1 * g, first, gradient)
    second = over(lambda v, g: 0.999 * v + 0.001 * g * g, second, gradient)
    rate = 1e-3 * jnp.sqrt(1 - 0.999**count) / (1 - 0.9**count)
    moved = over(lambda p, m, v: p - rate * m / (jnp.sqrt(v) + 1e-8), parameters, first, second)
    return moved, first, second, count


def projected_vectors(rows, key):
    """PCGrad as published: every gradient loses what conflicts with the others, one after another in random order."""
    import jax
    from jax import lax, numpy as jnp

    count = len(rows)
    squares = (rows * rows).sum(1)

    def one(k):
        order = jax.random.permutation(jax.random.fold_in(key, k), count)

        def project(i, own):
            j = order[i]
            product = own @ rows[j]
            return own - jnp.where((j != k) & (product < 0), product / squares[j], 0) * rows[j]

        return lax.fori_loop(0, count, project, rows[k])

    return jax.vmap(one)(jnp.arange(count)).sum(0)


def projected_gramian(rows, key):
    """The same direction from the Gramian: the projections are followed on K x K numbers, then the rows combined once."""
    import jax
    from jax import lax, numpy as jnp

    count = len(rows)
    gramian = rows @ rows.T

    def one(k):
        order = jax.random.permutation(jax.random.fold_in(key, k), count)

        def project(i, own):
            j = order[i]
            product = own @ gramian[j]
            return own.at[j].add(-jnp.where((j != k) & (product < 0), product / gramian[j, j], 0))

        return lax.fori_loop(0, count, project, jnp.eye(count)[k])

    return jax.vmap(one)(jnp.arange(count)).sum(0) @ rows


PROJECTIONS = {"vectors": projected_vectors, "gramian": projected_gramian}


def host_weights(gramian, random):
    """The weights of `projected_gramian` in Python, between two programs."""
    gramian = gramian.tolist()
    count = len(gramian)
    weights = [1.0] * count
    for k in range(count):
        own = [0.0] * count
        own[k] = 1.0
        for j in random.permutation(count).tolist():
            if j == k:
                continue
            product = sum(a * b for a, b in zip(own, gramian[j]))
            if product < 0:
                own[j] -= product / gramian[j][j]
        own[k] -= 1.0
        weights = [a + b for a, b in zip(weights, own)]
    return weights


class Step:
    """One training step over successive batches: forward, backward, Adam, losses read.

    `heads`: "apart" or "stacked". `state`: "tree", or "flat" for one vector of all parameters. `projection`: one of PROJECTIONS,
    or "host" for weights that are worked out between two programs.
    """

    def __init__(self, work, batch, classes, heads="apart", state="tree", projection=None, **options):
        import jax
        import numpy as np
        from jax import numpy as jnp
        from jax.flatten_util import ravel_pytree

        self.random = np.random.default_rng(1)
        parameters, features, inputs = WORKS[work](self.random, classes, **options)
        losses_of_heads = heads_one_by_one
        targets = [self.random.integers(0, count, ROWS) for count in classes]
        if heads == "stacked":
            losses_of_heads = heads_stacked
            targets = np.stack(targets)
            parameters["heads"] = jax.tree_util.tree_map(lambda *each: np.stack(each), *parameters["heads"])
        to_float = lambda x: jnp.asarray(x, jnp.int32 if x.dtype == np.int64 else jnp.float32)
        parameters, self.inputs, self.targets = jax.tree_util.tree_map(to_float, (parameters, inputs, targets))
        flat, unravel = ravel_pytree(parameters)
        self.parameters = flat.size
        opened = unravel if state == "flat" else lambda x: x
        closed = (lambda tree: ravel_pytree(tree)[0]) if state == "flat" else lambda x: x
        start = closed(parameters)
        zeros = lambda: jax.tree_util.tree_map(jnp.zeros_like, start)
        self.state = start, zeros(), zeros(), jnp.zeros((), jnp.int32)
        self.batch = batch
        self.position = 0
        self.losses = []

        def batch_of(inputs, targets, at):
            cut = lambda x, axis: jax.lax.dynamic_slice_in_dim(x, at, batch, axis)
            axis = 1 if heads == "stacked" else 0
            return cut(inputs, 0), jax.tree_util.tree_map(lambda x: cut(x, axis), targets)

        def losses_of(trunk, heads, x, ids):
            return losses_of_heads(heads, features(trunk, x), ids)

        def gradients(parameters, inputs, targets, at):
            """Losses, gradients of the trunk as rows, and those of the heads."""
            x, ids = batch_of(inputs, targets, at)
            losses, back = jax.vjp(lambda trunk, heads: losses_of(trunk, heads, x, ids), *parts_of(parameters))
            trunk = jax.vmap(lambda one: ravel_pytree(back(one)[0])[0])(jnp.eye(len(classes)))
            return losses, trunk, back(jnp.ones(len(classes)))[1]

        def parts_of(parameters):
            tree = opened(parameters)
            return tree["trunk"], tree["heads"]

        trunk_of = ravel_pytree(parameters["trunk"])[1]

        def summed(state, inputs, targets, at):
            def total(parameters):
                losses = losses_of(*parts_of(parameters), *batch_of(inputs, targets, at))
                return losses.sum(), losses

            gradient, losses = jax.grad(total, has_aux=True)(state[0])
            return adam(state, gradient), losses

        def projected(state, inputs, targets, at):
            losses, rows, heads = gradients(state[0], inputs, targets, at)
            direction = PROJECTIONS[projection](rows, jax.random.fold_in(jax.random.key(0), state[3]))
            return adam(state, closed({"trunk": trunk_of(direction), "heads": heads})), losses

        def first(parameters, inputs, targets, at):
            losses, rows, heads = gradients(parameters, inputs, targets, at)
            return losses, rows, heads, rows @ rows.T

        def second(state, rows, heads, weights):
            return adam(state, closed({"trunk": trunk_of(weights @ rows), "heads": heads}))

        self.programs = (
            (jax.jit(first), jax.jit(second, donate_argnums=0))
            if projection == "host"
            else (jax.jit(projected if projection else summed, donate_argnums=0),)
        )

    def __call__(self):
        import numpy as np

        at = np.int32(self.position)
        self.position = self.position + self.batch if self.position + 2 * self.batch <= ROWS else 0
        if len(self.programs) == 1:
            self.state, losses = self.programs[0](self.state, self.inputs, self.targets, at)
        else:
            first, second = self.programs
            losses, rows, heads, gramian = first(self.state[0], self.inputs, self.targets, at)
            weights = np.array(host_weights(np.asarray(gramian), self.random), np.float32)
            self.state = second(self.state, rows, heads, weights)
        self.losses = np.asarray(losses).tolist()
        # JAX computes in the background; a step ends when its parameters are there.
        self.state[3].block_until_ready()
