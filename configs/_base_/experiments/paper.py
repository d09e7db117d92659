# The paper's nine stages.
policies = {
    'stage 0': dict(type='FixedPath', path='0'),
    'RIST': dict(type='RIST', num_stages=9, num_paths=2),
    'GIST': dict(type='GIST', num_stages=9, beam_size=1),
}
experiment = dict(seeds=[0], settings={'CL+LE+TS': {}})  # as in the config
