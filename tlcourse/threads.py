"""One thread for linear algebra on small matrices."""

from threadpoolctl import threadpool_limits

#: Decorates a function. On matrices of a few hundred examples, threads only wait for
#: one another: a fit takes six times as long.
one_thread = threadpool_limits.wrap(limits=1)
