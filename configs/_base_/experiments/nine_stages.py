# The paper's nine stages, beside as many on human labels only.
policies = {
    'stage 0': dict(type='FixedPath', path='0'),
    'labels only': dict(type='FIST', num_stages=9, alpha=1),
    'RIST': dict(type='RIST', num_stages=9, num_paths=2),
    'GIST': dict(type='GIST', num_stages=9, beam_size=1),
}
