/** Short names of fields and choices; the long texts come with the capability. A name that is not here is spelled out. */
import type { Language } from '../language';

const ZH: Record<string, string> = {
  engine: '填充方式', rectangles: '矩形', points: '圆点', mask_channel: '蒙版通道', invert: '反选', grow: '扩张', feather: '羽化',
  radius: '半径', seed: '种子', ratio: '画幅比例', left: '左', right: '右', top: '上', bottom: '下', anchor: '原图位置', auto: '自动找边',
  trim: '先裁边', fill: '填充', colour: '颜色', follow_lines: '延续直线', step: '单步幅度', style: '风格', styles: '混合风格', mode: '方式',
  strength: '强度', style_weights: '各图份量', keep_colours: '保留颜色', keep_structure: '保留结构', smoothing: '平滑', style_scale: '笔触大小',
  working_size: '作画尺寸', optimise: '优化设置', model: '模型', refine: '边缘处理', edge: '边缘宽度', shift: '边缘移动',
  decontaminate: '去除底色', background: '背景', blur: '模糊', shadow: '投影', crop: '裁到主体', margin: '留白', write_mask: '另存蒙版',
  scale: '倍数', width: '宽度', height: '高度', size: '目标尺寸', second: '第二遍模型', model_sha256: '模型 sha256', denoise: '降噪',
  keep_grain: '保留颗粒', tile: '分块大小', edits: '编辑步骤', rotate: '旋转', temperature: '色温', tint: '色调', exposure: '曝光',
  brightness: '亮度', contrast: '对比度', saturation: '饱和度', vibrance: '自然饱和度', resize: '尺寸', sharpen: '锐化', prompt: '提示词',
  negative_prompt: '反向提示词', steps: '步数', guidance: '引导强度', guidance_rescale: '引导修正', sampler: '采样器', schedule: '时间表',
  step_rule: '步数规则', noise_order: '随机数来源', variants: '张数', work_width: '工作宽度', work_height: '工作高度', clip_skip: 'CLIP 层',
  eta: 'Eta', prediction: '预测类型', noise: '初始噪声', noise_sha256: '噪声 sha256', dump_latents: '导出潜变量', weight: '份量',
  content_weight: '内容权重', style_weight: '风格权重', tv_weight: '平滑权重', iterations: '迭代次数', optimizer: '优化器',
  learning_rate: '学习率', init: '起点', pooling: '池化', levels: '层级数', stops: '曝光档数', amount: '数量', channel: '通道',
  in_black: '输入黑', in_white: '输入白', gamma: '伽马', out_black: '输出黑', out_white: '输出白', range: '颜色范围', hue: '色相',
  lightness: '明度', method: '方法', start: '起点', degrees: '角度', corners: '空角', axis: '方向', fit: '适应', curves: '曲线',
  white_balance: '白平衡', auto_white_balance: '自动白平衡', neutral_point: '中性点', hsl: '色相饱和明度', vignette: '暗角', flip: '翻转',
  picture: '图片', mask: '蒙版', keep: '保留', remove: '去除', trimap: '三分图', backdrop: '背景图', style_image: '风格图片',
  'edits.crop': '裁切', 'edits.resize': '缩放', 'curves.points': '曲线', 'curves.channel': '通道', x: '横坐标', y: '纵坐标', instruction: '指令', text: '文字', target: '目标', image_guidance: '原图分量', area: '处理范围', padding: '周围宽度', mask_blur: '蒙版模糊', colour_match: '颜色匹配', doodle: '涂鸦', reference: '参考图',
  prompt_left: '左侧提示词', prompt_right: '右侧提示词', prompt_top: '上方提示词', prompt_bottom: '下方提示词', context: '可见深度', vae: '自编码器',
  loras: 'LoRA', embeddings: '文本反演', additions_sha256: '附加文件 sha256', variation_seed: '变化种子', variation_strength: '变化强度',
  preview: '预览间隔', preview_model: '预览模型', vae_tile: '自编码器分块', hires: '第二遍倍数', hires_strength: '第二遍强度', hires_steps: '第二遍步数',
  hires_enlarge: '第二遍放大方式', other: '终点图片', frames: '张数', mix: '路径', soft_mask: '软蒙版', unet: '去噪网络 UNet', outside: '排除处', rectangle: '方框', extent: '选取范围',
  specks: '碎点',
};

const ZH_CHOICES: Record<string, string> = {
  auto: '自动', migan: '神经网络', patch: '取样补全', telea: 'Telea', 'navier-stokes': 'Navier–Stokes', brightness: '亮度', transparency: '透明度',
  center: '居中', left: '靠左', right: '靠右', top: '靠上', bottom: '靠下', network: '神经网络', 'mirror-blur': '镜像模糊', colour: '纯色',
  gallery: '画廊', transfer: '仿画', optimise: '优化', recipe: '配方', no: '不保留', luminance: '保留色彩', match: '匹配色调', lbfgs: 'L-BFGS', adam: 'Adam',
  content: '原图', noise: '噪声', average: '平均', max: '最大', matting: '精细', guided: '快速', none: '无', transparent: '透明', picture: '图片',
  blur: '虚化', master: '全部', red: '红', green: '绿', blue: '蓝', all: '全部', reds: '红', oranges: '橙', yellows: '黄', greens: '绿', aquas: '青',
  blues: '蓝', purples: '紫', magentas: '品红', gaussian: '高斯', box: '方框', median: '中值', non_local_means: '非局部均值', bilateral: '双边',
  crop: '裁切', expand: '扩大', keep: '保持', horizontal: '水平', vertical: '垂直', exact: '拉伸', within: '放入', cover: '铺满', nearest: '最近邻',
  bilinear: '线性', bicubic: '三次', lanczos: 'Lanczos', area: '面积', stretch: '拉伸', fill: '填充', a1111: 'A1111', diffusers: 'diffusers',
  cpu: 'CPU', nv: 'NVIDIA', epsilon: '噪声', v_prediction: '速度', sample: '潜变量', x4plus: '照片 4×', x2plus: '照片 2×', anime: '动漫', video: '快速',
  whole: '整张', masked: '选中部分', original: '原有内容', nothing: '灰色', portrait: '人像', general: '通用', generative: '按提示词', latent: '潜变量', linear: '直线', spherical: '弧线', part: '部分', detail: '细部',
};

const EN: Record<string, string> = {
  hsl: 'Hue, saturation, lightness', tv_weight: 'Smoothness weight', model_sha256: 'Model sha256', noise_sha256: 'Noise sha256',
  clip_skip: 'CLIP skip', x: 'X', y: 'Y', lbfgs: 'L-BFGS', migan: 'MI-GAN', telea: 'Telea', 'navier-stokes': 'Navier–Stokes', x4plus: 'Photo 4×',
  x2plus: 'Photo 2×', a1111: 'A1111', diffusers: 'diffusers', cpu: 'CPU', nv: 'NVIDIA', video: 'Fast', style_image: 'Style picture',
  no: 'No', auto: 'Auto', 'curves.points': 'Curve', vae: 'Autoencoder', loras: 'LoRA', vae_tile: 'Autoencoder tile', hires: 'Second pass, times', hires_strength: 'Second pass, strength',
  hires_steps: 'Second pass, steps', hires_enlarge: 'Second pass, enlarged', preview: 'Preview every', additions_sha256: 'Additions sha256',
};

/** `keep_colours` → `Keep colours`. */
export function spelledOut(name: string): string {
  const words = name.replace(/[_-]+/g, ' ').trim();
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** `path` names the list entry that the field lies in, where the same word means something else. */
export function fieldLabel(name: string, language: Language, path: string[] = []): string {
  const words = language === 'zh' ? ZH : EN;
  return words[[...path.slice(-1), name].join('.')] ?? words[name] ?? spelledOut(name);
}

export function choiceLabel(value: string, language: Language): string {
  return (language === 'zh' ? ZH_CHOICES[value] : EN[value]) ?? spelledOut(value);
}
