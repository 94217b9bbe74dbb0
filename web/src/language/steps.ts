/** What a running job does at the moment, in words; a step that is not here is spelled out. */
import { spelledOut } from '../schema/labels';
import type { Language } from './index';

const ZH: Record<string, string> = {
  read: '读取', write: '写入', measure: '测量', encode: '编码', decode: '解码', edits: '编辑', text: '理解文字', style: '分析风格', portrait: '识别人像',
  general: '识别主体', paint: '作画', optimise: '优化', network: '网络计算', mirror: '镜像', load: '载入模型', 'encode picture': '编码图片', fill: '填补',
  denoise: '去噪', look: '观察', select: '选取', upscale: '放大', matting: '抠图', blend: '融合', patches: '取样补全',
};

export function stepText(step: string, language: Language): string {
  return language === 'zh' ? (ZH[step] ?? '') : spelledOut(step);
}
