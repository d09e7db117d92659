# GIST, which looks one stage ahead, and GIST that judges P by the L after it, beside
# RIST and plain alternation, six stages deep each. In the work dir of
# animals_1-50_recipe.py it continues with their stages.
_base_ = './animals_1-50_recipe.py'
train_cfg = dict(
    policy=dict(
        policies={'look-ahead': dict(type='GIST', num_stages=6, moves=['PL', 'LL'])}
    )
)
