#include "oasis/data/frame_picture.h"

#include <vector>

namespace oasis::data {

cv::Mat cut_picture(const media::Frame& frame, const cv::Rect& part) {
  std::vector<cv::Mat> planes;
  for (int channel = 0; channel < 3; ++channel) {
    const cv::Mat plane(frame.height, frame.width, CV_32FC1,
                        const_cast<float*>(frame.plane(channel)));
    planes.push_back(plane(part));
  }
  cv::Mat interleaved;
  cv::merge(planes, interleaved);
  return interleaved * 255.0;
}

}  // namespace oasis::data
