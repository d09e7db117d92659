# The paper's nine stages, beside as many on human labels only. In a work dir of its
# own: policies.py has the same names for fewer stages.
_base_ = './rist_gist.py'
policies = {
    'labels only': dict(type='FIST', num_stages=9, alpha=1),
    'RIST': dict(num_stages=9),
    'GIST': dict(num_stages=9),
}
experiment = dict(seeds=[0, 1, 2], settings={'CL+LE+TS': {}})  # as the config has it
