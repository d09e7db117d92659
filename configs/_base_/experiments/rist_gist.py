# The model as it is, and what RIST and GIST make of it.
policies = {
    'stage 0': dict(type='FixedPath', path='0'),
    'RIST': dict(type='RIST', num_stages=6, num_paths=2),
    'GIST': dict(type='GIST', num_stages=6, beam_size=1),
}
