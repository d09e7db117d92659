# How the gain grows with the number of unlabeled images: the first 150 and 600 of them,
# beside the stages on all 3,018 of animals_1-50_recipe.py.
_base_ = '../gist/deeplabv3plus_animals_1-50_rist.py'
splits = '{{ fileDirname }}/../_base_/splits/animals/1-50'
train_cfg = dict(policy=dict(_delete_=True, type='FixedPath', path='PLPLPL'))
experiment = dict(
    seeds=[0, 1, 2],
    settings={
        f'{count} unlabeled': {
            'unlabeled_dataloader.dataset.ann_file': f'{splits}/unlabeled_{count}.txt'
        }
        for count in (150, 600)
    },
)
